"""What tables of text have besides their cells: columns of fixed widths, and an end before that of the file."""
