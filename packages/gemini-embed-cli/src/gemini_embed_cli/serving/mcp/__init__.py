"""The MCP server: folders searched by agents.

folders     which folder a path lies in, and how places are written for a model
numbers     for what is found, as answers cite it
queries     what is looked for: words, a file, what a URL holds
searching   the tool `search`;  fetching: `fetch`;  listing: `list_sources`;  writing: `add` and `sync`
pictures    small enough for a tool's result
shapes      answers as JSON;  answers: in the protocol's form
resources   sources, read by their links
words       what models are told
server      the tools of all that on the official SDK
transports  stdio, and HTTP behind the guard;  stopping: SIGTERM and Ctrl-C for who reads stdin
"""
