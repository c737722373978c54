"""gemini-embed-cli: folders searched by text, picture and recording: from a shell, by an agent, in a browser.

It stands on public names of gemini-embed only. Rooms, from the ground up; a room imports rooms of lower rows only,
none beside it:

    1   `folder/`      the folder that is searched: its settings, where its index lives, the index shared by processes
    1   `answers/`     what is found, in the one form that all doors hand out
    2   `serving/`     what answers others: an MCP server, a page to search on
    3   `commands/`    the command `gemini-embed`, a file for each of its verbs

Start-up is what a search is felt by: nothing heavier than the argument library is imported before a verb needs it.
"""
