"""Built-in sample text: a small tale that repeats most of what it says.

It was written for this project. Its few words return in nearly the same order, so that a small
network learns its letters, words and rhythm within a few rounds.
"""

SAMPLE_TEXT = """\
The Ferry on the Slow River

There is a slow river, and there is a ferry on the slow river. There is an old man with the ferry,
and there is a grey cat with the old man. In the morning the old man rows over, and in the evening
the old man rows home. The grey cat sits in the bow and looks at the water, and the water looks at
the grey cat.

In the morning of the first day the baker came down to the river. "Row me over, old man," said the
baker, "for I have bread to sell, and the bread is warm." So the old man rowed over, and the oars
went in and the oars went out, and the grey cat sat in the bow and looked at the water. And the
baker gave the old man a loaf of bread, and the bread was warm.

In the morning of the second day the weaver came down to the river. "Row me over, old man," said
the weaver, "for I have cloth to sell, and the cloth is blue." So the old man rowed over, and the
oars went in and the oars went out, and the grey cat sat in the bow and looked at the water. And
the weaver gave the old man a piece of cloth, and the cloth was blue.

In the morning of the third day the farmer came down to the river. "Row me over, old man," said the
farmer, "for I have apples to sell, and the apples are red." So the old man rowed over, and the
oars went in and the oars went out, and the grey cat sat in the bow and looked at the water. And
the farmer gave the old man a basket of apples, and the apples were red.

In the morning of the fourth day the fiddler came down to the river. "Row me over, old man," said
the fiddler, "for I have a song to sing, and the song is new." So the old man rowed over, and the
oars went in and the oars went out, and the grey cat sat in the bow and looked at the water. And
the fiddler had no bread to give, and no cloth to give, and no apples to give, so the fiddler gave
the old man the song, and the song was new.

In the morning of the fifth day there was a fog on the river. Nobody came down to the river, and
nobody said, "Row me over, old man." The old man sat in the ferry and ate the bread, and the bread
was good. The old man sat on the cloth and ate the apples, and the apples were good. And the old
man sang the song, and the song went out over the water, over the slow river and into the fog.

Then the baker heard the song, and the weaver heard the song, and the farmer heard the song, and
the fiddler heard the song and took the fiddle and played. "That is the old man," they said, "and
that is the song, and the song is ours." So they came down to the river, the baker and the weaver
and the farmer and the fiddler, and they sang over the water, over the slow river and into the fog.

And the old man heard them sing, and the old man rowed over to the song, and the oars went in and
the oars went out, and the grey cat sat in the bow and looked at the fog. There they sat by the
river, and there they ate the bread, and there they ate the apples, and the fiddler played the song
again, and the song was old and the song was new.

In the evening the fog went up from the river, and the moon came down to the water. "Row home, old
man," they said, "row home, for the day is done." So the old man rowed home, and the oars went in
and the oars went out, and the grey cat sat in the bow and looked at the moon, and the moon looked
at the grey cat.

There is a slow river, and there is a ferry on the slow river. In the morning the old man rows
over, and in the evening the old man rows home. And when there is a fog on the river, the old man
sings the song, and the song goes out over the water, and somebody on the other side sings too.
"""
