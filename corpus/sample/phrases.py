"""Pieces of prose by attribute value. `{name}` is the hero, `{he}`, `{him}`, `{his}` the pronouns."""

from __future__ import annotations

HERO: dict[str, tuple[str, ...]] = {
    "child": (
        "a ten-year-old with too many questions",
        "the youngest pupil of a very small school",
        "a runaway schoolchild",
        "the innkeeper's youngest child",
    ),
    "elder": (
        "a retired ferry captain",
        "a botanist of eighty",
        "a widowed piano tuner",
        "an old night watchman",
    ),
    "animal": ("an orphaned fox", "a heron with a bad wing", "a bear who cannot sleep", "a stray cat"),
    "robot": (
        "a rusty delivery robot",
        "a retired cleaning robot",
        "an android built for a job that no longer exists",
        "a small repair robot",
    ),
    "artisan": (
        "an apprentice clockmaker",
        "a stubborn baker",
        "a shy bookbinder",
        "a glassblower with shaky hands",
    ),
    "traveler": (
        "a traveling puppeteer",
        "a surveyor far from home",
        "a courier between jobs",
        "a wandering photographer",
    ),
}

# Theme: what happens. A premise follows "<name>, <hero>,"; the place may stand before or after it.
PREMISE: dict[str, tuple[str, ...]] = {
    "letters": (
        "finds a bundle of letters that were never sent",
        "begins to answer mail meant for someone else",
        "is asked to deliver one last letter",
        "opens an envelope that arrives forty years late",
    ),
    "inventions": (
        "builds a machine that nobody ordered",
        "sets out to patent an impossible engine",
        "repairs a contraption whose purpose is long forgotten",
        "tests a flying machine made of kitchen scraps",
    ),
    "homecoming": (
        "comes home after half a lifetime away",
        "returns to a house that was sold long ago",
        "retraces the road back to where it all began",
        "comes back for a single night and stays",
    ),
    "friendship": (
        "befriends the one stranger everybody avoids",
        "strikes up an unlikely friendship",
        "shares a roof with a most unsuitable companion",
        "makes a promise to a newcomer",
    ),
    "rivalry": (
        "enters a contest against an old rival",
        "accepts a wager that is clearly unwise",
        "races a sworn enemy for a worthless prize",
        "tries to outdo the neighbors once and for all",
    ),
    "music": (
        "hears a melody that no one else can hear",
        "inherits a violin with one string",
        "gathers a band of hopeless musicians",
        "looks for the last verse of a lullaby",
    ),
    "maps": (
        "follows a map with a hole in the middle",
        "sets off to chart the last blank spot in the atlas",
        "buys a compass that refuses to point north",
        "draws a map of places that do not exist yet",
    ),
    "secrets": (
        "finds a locked room that is on no floor plan",
        "uncovers what three generations kept quiet",
        "comes across a key without a lock",
        "learns why nobody mentions the eldest brother",
    ),
    "memory": (
        "wakes up with somebody else's memories",
        "collects the memories other people throw away",
        "tries to remember a single summer",
        "finds a photograph of a day that never happened",
    ),
    "gardens": (
        "plants a garden where nothing has ever grown",
        "is given a seed and no instructions",
        "tends an orchard that blooms out of season",
        "inherits a greenhouse full of strange flowers",
    ),
    "cooking": (
        "opens a restaurant with a single table",
        "searches for the missing line of a recipe",
        "cooks one meal for everyone who ever left",
        "takes over a kitchen that is about to close",
    ),
    "time": (
        "winds a clock that counts backward",
        "gains one extra hour every night",
        "meets the same morning again and again",
        "finds an hourglass that never runs out",
    ),
}
TURN: dict[str, tuple[str, ...]] = {
    "letters": (
        "Each page holds a little more of a story that nobody wanted told.",
        "The handwriting, {he} slowly realizes, is {his} own.",
        "Before {he} can reply, {he} has to learn who is still there to read it.",
    ),
    "inventions": (
        "Every test run breaks something new, and mends something old.",
        "Only when the blueprint is lost does {name} understand what the thing is for.",
        "The patent office laughs; the neighbors bring spare parts.",
    ),
    "homecoming": (
        "The furniture is the same, but everyone has learned to live without {him}.",
        "What {he} came to fetch is gone, and what {he} fled is still waiting on the doorstep.",
        "{name} has packed for two days; the roads close for a month.",
    ),
    "friendship": (
        "They agree on nothing, and soon cannot do without each other.",
        "What begins as a favor becomes the one thing neither will give up.",
        "Their first quarrel lasts a whole season.",
    ),
    "rivalry": (
        "By the time the prize is in sight, both have forgotten what they were fighting over.",
        "The rules change daily, and always in favor of the other side.",
        "Winning turns out to be the easy part.",
    ),
    "music": (
        "The tune grows louder with every door {he} opens.",
        "Nobody can play in time, and somehow it begins to sound right.",
        "To finish the song, {he} must sing it to the person it was written about.",
    ),
    "maps": (
        "The farther {he} goes, the less the paper agrees with the ground.",
        "At the edge of the page, {he} finds that somebody has already written {his} name.",
        "Every wrong turn seems to have been planned long ago.",
    ),
    "secrets": (
        "The more {he} asks, the more politely everyone changes the subject.",
        "One old promise holds the whole family together, and {name} is about to break it.",
        "What is hidden there was never meant for {him} to carry.",
    ),
    "memory": (
        "Some of what {he} recalls has not happened yet.",
        "Piece by piece, {he} has to decide what is worth keeping.",
        "The album has one blank page, and it is filling up.",
    ),
    "gardens": (
        "By midsummer the roots have reached places no one meant to show.",
        "What finally comes up is not at all what it says on the packet.",
        "The first blossom brings visitors, and the visitors bring trouble.",
    ),
    "cooking": (
        "One spoonful is enough to bring back a quarrel thirty years old.",
        "The guests keep coming, and the larder keeps shrinking.",
        "The secret ingredient, it turns out, cannot be bought.",
    ),
    "time": (
        "Each borrowed minute has to be paid back by somebody.",
        "Yesterday is only a few turns of the key away, and so is a mistake.",
        "The hands stop whenever {he} is about to say what matters.",
    ),
}
ABOUT: dict[str, tuple[str, ...]] = {
    "letters": ("letters that come too late", "the things we never post"),
    "inventions": ("useless machines and their makers", "the stubbornness of inventors"),
    "homecoming": ("going home", "the long road back"),
    "friendship": ("unlikely friends", "the company we keep"),
    "rivalry": ("two rivals and one prize", "the art of losing"),
    "music": ("a song that will not let go", "people who cannot stop singing"),
    "maps": ("maps and the gaps in them", "finding the way without one"),
    "secrets": ("a family and its silences", "what the walls know"),
    "memory": ("remembering wrong", "the tricks of memory"),
    "gardens": ("growing things in poor soil", "patience and green thumbs"),
    "cooking": ("food and forgiveness", "one last supper"),
    "time": ("lost hours", "clocks and second chances"),
}

# Setting: a place phrase that ends or opens a sentence, and sentences that paint it.
WHERE: dict[str, tuple[str, ...]] = {
    "sea": ("on a ship far out at sea", "aboard a leaking herring boat", "among the islands of a warm ocean"),
    "forest": (
        "deep in an old pine forest",
        "where the woods are thickest",
        "among trees older than the kingdom",
    ),
    "city": (
        "in a city that never quite sleeps",
        "among the rooftops of the capital",
        "in a crowded downtown block",
    ),
    "desert": ("in the middle of the desert", "at a well ten days from anywhere", "among wandering dunes"),
    "mountains": (
        "high in the mountains",
        "at the last hut below the summit",
        "on a pass closed by snow half the year",
    ),
    "space": (
        "on a station at the edge of the solar system",
        "aboard a drifting starship",
        "on a very small planet",
    ),
    "village": ("in a village with one street", "in a hamlet of eleven houses", "in a sleepy market town"),
    "lighthouse": (
        "in a lighthouse on the rocks",
        "on a cliff above the breakers",
        "on the last headland of the coast",
    ),
    "ice": ("on the polar ice", "in a camp on a drifting floe", "where the winter night lasts for months"),
    "caves": (
        "in the caves beneath the hills",
        "in a mine nobody has mapped",
        "by the shore of an underground lake",
    ),
    "clouds": (
        "on an island above the clouds",
        "aboard a patched-up airship",
        "in a town hung from balloons",
    ),
    "river": ("along a slow brown river", "on a barge between the reeds", "at a ferry crossing in the marsh"),
}
SCENE: dict[str, tuple[str, ...]] = {
    "sea": (
        "For three weeks there has been nothing but water and sky.",
        "The harbor is a day behind and the wind is rising.",
    ),
    "forest": (
        "The path ends where the oldest trees begin.",
        "Under the branches it is evening all day long.",
    ),
    "city": (
        "A thousand windows are lit, and behind each one somebody is awake.",
        "The last tram has gone and the streets still hum.",
    ),
    "desert": (
        "The sand has swallowed the road again.",
        "By noon even the lizards have gone looking for shade.",
    ),
    "mountains": (
        "Above the tree line the weather makes the rules.",
        "The valley is two days down and the bridge is out.",
    ),
    "space": ("Earth is a pale dot in the rear window.", "Out among the moons, mail takes eleven years."),
    "village": (
        "Nothing has happened on the square since the fountain broke.",
        "Everyone here knows everyone, and everyone's business.",
    ),
    "lighthouse": (
        "The lamp turns, the gulls complain, and the supply boat is late.",
        "On foggy nights the whole headland seems to float.",
    ),
    "ice": (
        "The floe drifts a little farther from the map each day.",
        "The sun went down in October and will be back in spring.",
    ),
    "caves": (
        "Far below the pastures, something has begun to glow.",
        "Down here, every word comes back a moment later.",
    ),
    "clouds": (
        "The ground is only a rumor up here.",
        "When the fog clears, there is nothing below but more sky.",
    ),
    "river": (
        "The water is in no hurry, and neither is anyone who lives on it.",
        "Each spring the banks move and the neighbors change.",
    ),
}

# Mood and pace: how it is told.
FEEL: dict[str, tuple[str, ...]] = {
    "gentle": ("gentle", "tender", "soft-spoken"),
    "melancholy": ("melancholy", "wistful", "rueful"),
    "playful": ("playful", "mischievous", "giddy"),
    "eerie": ("eerie", "uncanny", "quietly unsettling"),
    "wondrous": ("wondrous", "dreamlike", "spellbinding"),
    "tense": ("tense", "nerve-racking", "tightly wound"),
    "cozy": ("cozy", "warm-hearted", "comforting"),
    "hopeful": ("hopeful", "bright-eyed", "uplifting"),
}
TOLD: dict[str, tuple[str, ...]] = {
    "slow": (
        "told in long, unhurried takes",
        "as patient as its hero",
        "content to watch and wait",
        "quiet enough to hear the weather",
    ),
    "steady": (
        "told step by step",
        "with a surprise in every reel",
        "told in five neat chapters",
        "never in a rush and never idle",
    ),
    "brisk": (
        "told at a gallop",
        "racing from start to finish",
        "as quick as a card trick",
        "told without pausing for breath",
    ),
}
RHYTHM: dict[str, tuple[str, ...]] = {
    "slow": ("It takes its time, and is right to.", "Little is said, and every silence counts."),
    "steady": (
        "One thing leads to another, neatly and without fuss.",
        "Scene by scene, the threads are drawn together.",
    ),
    "brisk": (
        "It moves so fast that you will want to see it twice.",
        "There is a chase, and another chase, and no time to explain.",
    ),
}
# Genre: one sentence that only this kind of film would have.
TWIST: dict[str, tuple[str, ...]] = {
    "Adventure": (
        "What starts as an errand becomes an expedition.",
        "There is a storm to cross, a gorge to jump and a flag to plant.",
    ),
    "Comedy": (
        "Everything that can fall over does.",
        "Misunderstandings pile up, and so do the broken plates.",
    ),
    "Mystery": (
        "A missing glove, a stopped watch and a false alibi are all there is to go on.",
        "Someone is lying, and the footprints lead back to the door.",
    ),
    "Romance": (
        "And across the water, someone is waiting for a sign.",
        "Two people who should never have met keep meeting.",
    ),
    "Science Fiction": (
        "The instruments say that none of this is possible.",
        "Then a signal arrives from a place that has not been built yet.",
    ),
    "Fantasy": (
        "There is an old spell in it, and a price for using it.",
        "The dragons, at least, are polite.",
    ),
    "Drama": (
        "In the end there are only two people and one difficult conversation.",
        "It is about pride, and about saying sorry out loud.",
    ),
    "Thriller": (
        "Somebody is watching, and the telephone line is dead.",
        "There are six hours left, and one of the party cannot be trusted.",
    ),
    "Musical": (
        "Whenever words fail, the whole cast breaks into song.",
        "There are nine numbers, two encores and a tap dance.",
    ),
    "Fable": (
        "As in all old tales, three wishes are two too many.",
        "The crow narrates, and the crow has opinions.",
    ),
}
LATER = ("A year after", "Some time after", "One winter after", "Right after the events of", "Long after")
