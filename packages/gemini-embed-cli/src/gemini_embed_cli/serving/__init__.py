"""What answers others: agents and browsers.

guard     who may ask: Host, Origin, token
mcp/      the MCP server
page/     the page to search on
"""
