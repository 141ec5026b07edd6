"""Writes jinja_vectors.json: random conversations, odd ones among them, and what
Jinja2 makes of them with the templates of this package (null where it raises).

    python3 jinja_vectors.py > jinja_vectors.json    (Jinja2 3.1)
"""
import json, random, pathlib
from jinja2.sandbox import ImmutableSandboxedEnvironment

here = pathlib.Path(__file__).parent
env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
templates = {name: env.from_string((here.parent / (name + ".jinja")).read_text())
             for name in ("deepseek-v3", "deepseek-v3-0324")}
random.seed(3)


def message():
    role = random.choice(["system", "user", "user", "assistant", "assistant", "assistant", "tool", "tool"])
    m = {"role": role, "content": random.choice(["a", "b c", "", "\n", "x<｜User｜>", "中"])}
    odd = random.random()
    if odd < .06:
        m["content"] = None
    elif odd < .1:
        del m["content"]
    if role == "assistant" and random.random() < .5:
        m["tool_calls"] = [{"type": "function", "function": {"name": random.choice("fg"), "arguments": random.choice(["{}", "", '{"a": "é"}'])}}
                           for _ in range(random.choice([0, 1, 1, 2, 3]))]
        if random.random() < .7:
            m["content"] = None
        if random.random() < .1:
            m["tool_calls"] = None
    if m.get("content", 0) is None and "tool_calls" not in m and role == "assistant":
        m["content"] = "d"  # Jinja2 leaves such a message out of V3's text; this package refuses it
    return m


def render(template, messages, prompt):
    try:
        return template.render(messages=messages, add_generation_prompt=prompt, bos_token="<｜begin▁of▁sentence｜>")
    except Exception:
        return None


vectors = []
for _ in range(250):
    messages = [message() for _ in range(random.randrange(8))]
    prompt = random.random() < .5
    vectors.append({"messages": messages, "add_generation_prompt": prompt,
                    "texts": {name: render(t, messages, prompt) for name, t in templates.items()}})
print("[" + ",\n".join(json.dumps(v, ensure_ascii=False) for v in vectors) + "]")
