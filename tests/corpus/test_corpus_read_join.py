import pytest

from firstlight.base.errors import DataError
from firstlight.corpus import read_dataset


@pytest.fixture
def movies(tmp_path):
    folder = tmp_path / "movies"
    folder.mkdir()
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,10,4.0,1\n2,20,0.5,2\n")
    (folder / "movies.csv").write_text("movieId,title,genres\n10,Heat (1995),Crime\n20,Toys (1992),Comedy\n")
    return folder


def test_plots_fill_the_description_and_add_attributes(movies):
    (movies / "plots.csv").write_text(
        'movieId,overview,director\n20,"Toys, alive.",Levinson\n99,Nothing,Nobody\n'
    )
    dataset = read_dataset(movies, join=["plots.csv"])
    heat, toys = dataset.catalogue
    assert (heat.description, toys.description) == ("", "Toys, alive.")
    assert toys.attributes["director"] == "Levinson"
    assert dataset.report.skipped == {"unknown item in plots.csv": 1}
    assert "plots.csv: joined to 1 of 2 items" in dataset.report.notes


def test_what_is_there_is_never_overwritten(movies):
    (movies / "one.csv").write_text("item_id,description\n10,first\n")
    (movies / "two.csv").write_text("item_id,description,genres\n10,second,Drama\n20,second,Drama\n")
    heat, toys = read_dataset(movies, join=["one.csv", "two.csv"]).catalogue
    assert (heat.description, toys.description) == ("first", "second")
    assert (heat.categories, toys.categories) == (("Crime",), ("Comedy",))


def test_a_folder_of_pictures(movies, tmp_path):
    for place, names in {
        movies / "posters": ["10.jpg", "other.txt", "77.png"],
        tmp_path / "far": ["20.WEBP"],
    }.items():
        place.mkdir()
        for name in names:
            (place / name).write_bytes(b"")
    dataset = read_dataset(movies, join=["posters", tmp_path / "far"])
    heat, toys = dataset.catalogue
    assert heat.image == movies / "posters/10.jpg"
    assert toys.image == tmp_path / "far/20.WEBP"
    assert dataset.catalogue.table["image"].to_pylist()[0] == "posters/10.jpg"
    assert dataset.report.skipped == {"unknown item in posters": 1}


def test_tags_are_the_most_frequent_of_people(movies):
    rows = [
        "1,10,Slow,5",
        "2,10,slow ,6",
        "2,10,slow,7",
        "1,10,loud,5",
        "3,10,zany,8",
        "4,10,zany,9",
        "5,10,zany,9",
    ]
    rows += [f"1,20,tag{i:02},5" for i in range(12)]
    (movies / "tags.csv").write_text("userId,movieId,tag,timestamp\n" + "\n".join(rows) + "\n")
    dataset = read_dataset(movies, join=["tags.csv"])
    heat, toys = dataset.catalogue
    assert heat.attributes["tags"] == ("zany", "slow", "loud")
    assert toys.attributes["tags"] == tuple(f"tag{i:02}" for i in range(10))
    assert any("tells a test the future" in note for note in dataset.report.notes)
    assert "tags" not in read_dataset(movies).catalogue.attribute_names


def test_joining_what_does_not_fit_is_an_error(movies):
    (movies / "keyless.csv").write_text("title,plot\nHeat,Guns\n")
    (movies / "twice.csv").write_text("item_id,plot\n10,a\n20,b\n10,c\n")
    (movies / "typed.csv").write_text("item_id,year\n10,old\n")
    (movies / "empty").mkdir()
    for entry, message in {
        "nowhere.csv": r'nothing called "nowhere.csv" to join',
        "keyless.csv": r"the columns title, plot \(in keyless.csv\); expected an item key",
        "twice.csv": r'item_id "10" stands twice \(in twice.csv, rows 1 and 3\)',
        "empty": "no picture .* expected files named by item key",
    }.items():
        with pytest.raises(DataError, match=message):
            read_dataset(movies, join=[entry])
    (movies / "first.csv").write_text("item_id,year\n10,1995\n")
    with pytest.raises(
        DataError, match=r'the column "year" is of type string \(in typed.csv\); expected int64'
    ):
        read_dataset(movies, join=["first.csv", "typed.csv"])
