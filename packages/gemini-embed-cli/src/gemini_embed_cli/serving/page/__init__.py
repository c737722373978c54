"""The page to search on: a small ASGI server, one HTML page, nothing from elsewhere.

limits      how much of a request is read;  rooms: by how many at once;  kept: what is remembered
asking      a form as a query: words and files together
answering   a query as hits, each as a card;  excerpts: a few lines of a text
showing     a hit as a picture, a page with its words marked, a waveform
sending     a file of the folder to a browser, from any byte of it
app         the addresses;  headers: that every answer has
running     the server on its port
export      answers as one HTML file that needs nothing beside it
assets/     the page itself
"""
