"""The README.txt of a sample folder."""

README = """\
The Firstlight sample world: a library of {items} short films and {users} people who watch them.
Everything here is generated (seed {seed}); no film, creator or person exists.

items.csv         item_id, title, description, categories (separated by "|"), image (a path beside
                  this file), available_from (day of release, UTC), year, creator, length_minutes.
                  About 3 % have no description and 3 % no picture.
images/           one JPEG of 128 x 128 pixels for each film, <item_id>.jpg.
users.csv         user_id, age_group, country, joined (day, UTC).
interactions.csv  user_id, item_id, timestamp (seconds since 1970, UTC), rating (1 to 5, or empty:
                  not rated), event (abandoned, watched, finished), dwell_seconds.
exposures.csv     every film shown: user_id, item_id, timestamp (when the slate was shown), position
                  (1 is the top), clicked (0 or 1), propensity (the chance that the library's own
                  policy shows this film in this slate).
manifest.json     the sha256 of every file.

truth/            the answer sheet: latent attributes, personas, the reason of every interaction.
                  For checking models, never for training them: no reader opens it.
                  firstlight.corpus.sample.load_truth reads it.

What a film is like is told in different places. Its columns tell genre, creator, year and length;
title and description tell setting, theme, hero and pace, and now and then the mood; the picture
shows setting, genre, mood (as color) and style (as texture: nothing but the picture tells it).
"""
