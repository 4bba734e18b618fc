"""An invoice as a file to keep."""

from standins.stripe.pages.bill import Bill
from standins.stripe.pages.pdf import BOLD, Rule, Text, document

LEFT, RIGHT, QUANTITY = 50, 545, 430
MOST_LINES = 12
LONGEST = 66
WARNING = "Made by a local stand-in for Stripe. Nothing was really paid."


def written(bill: Bill) -> bytes:
    marks: list[Text | Rule] = [Text(LEFT, 70, "Invoice", 22, BOLD), Text(LEFT, 95, bill.shop, 11, BOLD)]
    for place, (name, value) in enumerate(bill.facts):
        marks += [Text(LEFT, 125 + 16 * place, name, 9), Text(LEFT + 120, 125 + 16 * place, value, 9, BOLD)]
    marks += [Text(LEFT, 190, "Bill to", 9)]
    marks += [Text(LEFT, 206 + 14 * place, cut(line)) for place, line in enumerate(bill.payer[:8])]
    marks += [Text(LEFT, 345, bill.status, 13, BOLD), Rule(362, LEFT, RIGHT)]
    marks += [
        Text(LEFT, 378, "Description", 9),
        Text(QUANTITY, 378, "Quantity", 9),
        Text(RIGHT, 378, "USD", 9, right=True),
    ]
    y = 400
    for line in bill.lines[:MOST_LINES]:
        marks += [Text(LEFT, y, cut(line.description)), Text(QUANTITY, y, line.quantity)]
        marks += [Text(RIGHT, y, line.amount, right=True), Text(LEFT, y + 12, line.period, 8)]
        y += 26
    if len(bill.lines) > MOST_LINES:
        marks.append(Text(LEFT, y, f"and {len(bill.lines) - MOST_LINES} more lines", 9))
    marks += sums(bill, max(y + 10, 470))
    marks.append(Text(LEFT, 810, WARNING, 8))
    return document(marks, title=f"Invoice {bill.number}")


def sums(bill: Bill, y: int) -> list[Text | Rule]:
    marks: list[Text | Rule] = [Rule(y - 14, 300, RIGHT)]
    for place, (name, amount) in enumerate(bill.sums):
        font = BOLD if place == len(bill.sums) - 1 else "F1"
        marks += [Text(300, y, cut(name, 40), 10, font), Text(RIGHT, y, amount, 10, font, right=True)]
        y += 16
    return marks


def cut(words: str, most: int = LONGEST) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
