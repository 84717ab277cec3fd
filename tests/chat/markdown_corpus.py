"""Markdown as models write it, and as they should not."""

MIXED = """# Heading one

A paragraph with *emphasis*, **strong** and `code`, over
two lines and a [link](https://ok.example/a "title").

## Steps

1. first
2. second
   - nested
     - deeper

   a second paragraph in it
3. third

```python
def f(x):
    return x + 1  # not a heading


print(f(2))
```

| a | b |
|---|--:|
| 1 | 2 |
| 3 | 4 |

> quoted
lazily on
>
> > deeper

Setext heading
==============

$$
x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
+ c
$$

With $a_1$ and \\(b_2\\), for $5 and $10.

---

- [x] done
- [ ] not done

The end.
"""


def numbered(number):
    """``MIXED`` with code and maths that no other number has: what is rendered once is not the same thing again."""
    return MIXED.replace("x + 1", f"x + {number}").replace("\\pm", f"\\pm {number}").replace("b_2", f"b_{number}")


CORPUS = (
    MIXED,
    "a\nb\n---\nc\n\n    code\n\n    more code\n\ntext\n",
    "- a\n- b\n\n- c\n\ntext after\n\n* other\n+ list\n1. one\n\n\n2. two\n",
    "- a\n\n  b\n\n      code in an item\n- c\n  > quote\nlazy\n\nnew\n",
    "para\n# heading\npara\n***\n> q\n\n> q2\n- x\n---\n",
    "a | b\n--|--\n1 | 2\nnot | a\n\n| c |\n| - |\nafter | all\n> q\n",
    "text\n| a | b |\n|---|---|\n| 1 | 2 |\n\nlast",
    "~~~\nopen ``` in it\n```\n~~~\n\n````md\n```py\nx\n```\n````\ntext\n```\nnever closed\n\n# no heading",
    "[early]: https://ok.example/1 'title'\n\n[early] again\n\n- [EARLY][]\n",
    "see [late] and [late][]\n\ntext\n\n- list [late]\n\n[late]: https://ok.example/2\n[late]: https://no.example\n",
    "[a]: https://ok.example\n'a title\nover lines'\n\n[a]\n\n[b]:\nhttps://ok.example/b\n[b] here\n",
    "[only]: https://ok.example\n",
    "\n\n\n  leading blank\n\n\n\n\ttab code\n \t \n\n   three\n",
    "line\r\nends\r\n\r\n- of\r\n- windows\r\n\r\nand old\rmac\r\rones\n",
    "$$\nopen\n+ list?\n\nafter\n\n$$ one line $$\n\n\\[\na\n\\]\nb\n$$ c $$ d\n- i\n  $$\n  x\n  $$\n",
    "a $x$ b\n$$\ny\n$$\nc\n\n> $$\n> q\n> $$\n",
    "1. a\n\n   ```js\n   let x = 1\n\n   let y\n   ```\n\n2. b\n   | t |\n   |---|\n   | 1 |\n3. c\n\n\n\nd\n",
    "emoji \N{ROCKET} and \N{COMBINING ACUTE ACCENT}\n\nlone \ud800 here\n\nnul \0 here\n\n",
    "<b>html</b>\n\n<div>\nblock\n\n</div>\n\n<!-- c\n\n-->\n",
    "* * *\n- - -\n-\n-\n\n- \n\n  x\n",
    "hard  \nbreak\\\nhere\n\n\\# no\n\n&amp; &lt;b&gt;\n\n![img](https://x.example/y.png)\n",
    "",
    "\n",
    "x",
)
