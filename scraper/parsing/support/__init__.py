"""How support.microsoft.com writes: entries of its navigations, and articles of KBs in both layouts of the site."""
