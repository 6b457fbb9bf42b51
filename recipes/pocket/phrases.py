"""The ways to ask, per kind of question."""

SHORT = "Answer the question using a single word or phrase."

NAMING = ["What is {place}?", "What is {place} of the image?", "What do you see {place}?", "What is shown {place}?",
          "Which thing is {place}?", "Name the thing {place}.", "What can you see {place}?"]
NAMING_ONE = ["What is this?", "What is shown in the image?", "What is in the picture?", "What do you see?",
              "What is in this image?", "Name the thing in the image."]
EXIST = ["{be} there {x}?", "{be} there {x} in the image?", "{be} there {x} in the picture?", "Do you see {x}?",
         "Can you see {x} in the image?", "Does the image show {x}?"]
EXIST_AT = ["{be} there {x} {place}?", "Do you see {x} {place}?"]
PLACE = ["Where {be} {x}?", "Where {be} {x} in the image?", "Where can I find {x}?", "Where do you see {x}?",
         "In which part of the image {be} {x}?", "Find {x}."]
SIDE_OF = {"left": "to the left of", "right": "to the right of", "above": "above", "below": "below"}
REL_WHAT = ["What is {dir} {x}?", "What do you see {dir} {x}?", "Which thing is {dir} {x}?", "What can be found {dir} {x}?"]
REL_CHOICE = {
    "x": ["{Be} {x} to the left or to the right of {y}?", "{Be} {x} left or right of {y}?",
          "On which side of {y} {be} {x}, left or right?"],
    "y": ["{Be} {x} above or below {y}?", "{Be} {x} higher or lower than {y}, above or below?"],
}
REL_IS = ["{Be} {x} {dir} {y}?"]
COLOR_OF = ["What color {be} {x}?", "What is the color of {x}?", "Which color does {x} have?", "What colour {be} {x}?"]
COUNT = ["How many {x} are there?", "How many {x} are in the image?", "How many {x} do you see?", "Count the {x}."]
TEXT = ["What does the text say?", "What word is written?", "Read the text.", "Which word do you see?",
        "What is written in the image?", "What does the word say?"]
DESCRIBE = ["Describe the image.", "Describe this picture.", "What do you see in the image?", "What is in the image?",
            "Tell me about this image.", "What does the image show?"]
NEXT_PLACE = ["And {place}?", "What about {place}?", "And what is {place}?"]
SMALLTALK = [
    ("Hello!", "Hello! Ask me what is in the image.", "hello"),
    ("Hi", "Hello! Ask me what is in the image.", "hello"),
    ("Who are you?", "I am the pocket model of Beagle. I chat about small scenes.", "Beagle"),
    ("What can you do?", "I can name things, find them, count them, tell colors and read short words.", "chat"),
    ("Thank you!", "You are welcome.", "welcome"),
]
