"""What the pages of docs/results share."""


def table(head, rows):
    """A markdown table; cells may be of any type."""
    def line(cells):
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"
    return line(head) + "|" + "---|" * len(head) + "\n" + "".join(line(row) for row in rows)
