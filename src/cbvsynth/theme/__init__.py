"""One look for everything that people open: colours, the shell of a page, charts as SVG and PNG."""
