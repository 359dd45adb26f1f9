#!/usr/bin/env python3
"""check_openai.py URL TOKEN: the running service, asked by OpenAI's own Python client. Fails with what is wrong."""
import concurrent.futures
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
models = [model.id for model in client.models.list()]
assert "base" in models, models
ask = dict(model=models[0], messages=[{"role": "user", "content": "Hello"}], temperature=0, max_tokens=12)
whole = client.chat.completions.create(**ask)
assert whole.choices[0].message.role == "assistant" and whole.usage.completion_tokens <= 12
parts = list(client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **ask))
joined = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
assert joined == whole.choices[0].message.content, (joined, whole.choices[0].message.content)
assert parts[-1].usage.total_tokens == whole.usage.total_tokens
raw = client.completions.create(model=models[0], prompt="Hello", temperature=0, max_tokens=5)
assert raw.choices[0].finish_reason in ("stop", "length")
streamed = "".join(part.choices[0].text for part in client.completions.create(model=models[0], prompt="Hello", temperature=0, max_tokens=5, stream=True))
assert streamed == raw.choices[0].text
kept = whole.choices[0].message.content
if kept:
    cut = client.chat.completions.create(stop=[kept[-1]], **ask)
    assert kept[-1] not in cut.choices[0].message.content and cut.choices[0].finish_reason == "stop", cut
with client.chat.completions.create(stream=True, **{**ask, "max_tokens": 200}) as stream:  # a client that goes away
    next(iter(stream))
with concurrent.futures.ThreadPoolExecutor(3) as several:
    texts = {each.result().choices[0].message.content for each in [several.submit(client.chat.completions.create, **ask) for _ in range(3)]}
assert texts == {kept}, texts
for error, bad in [(openai.AuthenticationError, openai.OpenAI(base_url=sys.argv[1], api_key="wrong", max_retries=0)), (openai.NotFoundError, client), (openai.BadRequestError, client)]:
    try:
        bad.chat.completions.create(**{**ask, **({"model": "gpt-9"} if error is openai.NotFoundError else {"n": 3} if error is openai.BadRequestError else {})})
    except error:
        continue
    sys.exit(f"{error.__name__} did not come")
print("openai", openai.__version__, "answered", len(parts), "parts:", repr(joined[:60]))
