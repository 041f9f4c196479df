"""A project's figures as one file that can be sent: the pages themselves, without what only works on the server."""
