// The page of a ballot: one HTML file with its style and script inside. See ballotfile.h.
#include "core/evaluate/ballotfile.h"

#include "core/base/utf8.h"
#include "core/base/words.h"

#include <nlohmann/json.hpp>

namespace fettle::evaluate {

namespace {

// Nothing is fetched and nothing is sent, whatever an answer holds: answers are put in as text, never as markup, and the policy forbids
// every address.
constexpr std::string_view kBallotHead = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Blind vote</title>
<style>
:root{color-scheme:light dark;--page:#fff;--pane:#f3f3ef;--text:#1f2326;--muted:#5c6266;--line:#d6d8d4;--accent:#0b6285;--on:#fff}
@media(prefers-color-scheme:dark){:root{--page:#1f2326;--pane:#17191b;--text:#e8eae6;--muted:#a4aaa6;--line:#3b4044;--accent:#6cc0de;--on:#10242d}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;background:var(--pane);color:var(--text)}
main{max-width:1100px;margin:0 auto;padding:16px}h1{font-size:20px;margin:0 0 4px}h2{font-size:18px;margin:0 0 12px;white-space:pre-wrap;overflow-wrap:anywhere}
p{margin:0 0 12px}.muted{color:var(--muted)}.answers{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin-bottom:12px}
.answer{background:var(--page);border:1px solid var(--line);border-radius:8px;padding:12px 16px;min-height:180px;white-space:pre-wrap;overflow-wrap:anywhere}
.answer b{display:block;margin-bottom:8px}.row{display:flex;gap:8px;flex-wrap:wrap;align-items:center;margin-bottom:12px}
button{font:inherit;padding:8px 14px;border:1px solid var(--line);border-radius:6px;background:var(--page);color:var(--text);cursor:pointer}
button.primary{background:var(--accent);color:var(--on);border-color:var(--accent)}button:disabled{opacity:.5;cursor:default}
button:focus-visible,input:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
kbd{font:12px ui-monospace,monospace;border:1px solid var(--line);border-radius:4px;padding:1px 5px;margin-left:6px}
input{font:inherit;padding:7px 10px;border:1px solid var(--line);border-radius:6px;background:var(--page);color:var(--text)}
progress{width:100%;height:8px;accent-color:var(--accent);margin-bottom:12px}@media(max-width:700px){.answers{grid-template-columns:1fr}}
</style></head><body><main>
<h1 id="title"></h1><p class="muted" id="intro"></p>
<div class="row"><label for="voter" id="nameLabel"></label><input id="voter" maxlength="80" autocomplete="name"></div>
<progress id="progress" max="1" value="0"></progress>
<section id="vote"><p class="muted" id="place"></p><h2 id="question"></h2>
<div class="answers"><div class="answer"><b>A</b><span id="left"></span></div><div class="answer"><b>B</b><span id="right"></span></div></div>
<div class="row"><button data-choice="left"></button><button data-choice="equal"></button><button data-choice="bothBad"></button><button data-choice="right"></button></div>
</section>
<p id="done" hidden></p>
<div class="row"><button id="back"></button><button id="save" class="primary"></button><span class="muted" id="note" role="status"></span></div>
</main>
)html";

constexpr std::string_view kScript = R"html(<script>
"use strict";
const ballot = JSON.parse(document.getElementById("ballot").textContent), words = ballot.words;
const $ = id => document.getElementById(id);
const key = "fettle-ballot-" + ballot.token;
let votes = [];
// What was voted stays in this browser until it is saved, where the browser allows that for files.
try { const kept = JSON.parse(localStorage.getItem(key) || "null"); if (kept) { votes = kept.votes; $("voter").value = kept.voter; } } catch (e) { votes = []; }
function keep() { try { localStorage.setItem(key, JSON.stringify({ votes, voter: $("voter").value })); } catch (e) { } }
function button(element, text, hint) {
  element.textContent = text;
  if (hint) { const mark = document.createElement("kbd"); mark.textContent = hint; element.append(mark); }
}
function show() {
  const pair = ballot.pairs[votes.length], isDone = !pair;
  $("vote").hidden = isDone; $("done").hidden = !isDone;
  $("progress").value = ballot.pairs.length ? votes.length / ballot.pairs.length : 1;
  $("back").disabled = votes.length === 0; $("save").disabled = votes.length === 0;
  if (isDone) return;
  $("place").textContent = words.place.replace("%1", votes.length + 1).replace("%2", ballot.pairs.length);
  $("question").textContent = pair.question; $("left").textContent = pair.left; $("right").textContent = pair.right;
}
function vote(choice) {
  const pair = ballot.pairs[votes.length];
  if (!pair) return;
  votes.push({ question: pair.question_number, choice, at: new Date().toISOString().slice(0, 19) + "Z" });
  $("note").textContent = ""; keep(); show();
}
function takeBack() { votes.pop(); keep(); show(); }
function save() {
  const voter = $("voter").value.trim();
  if (!voter) { $("note").textContent = words.needName; $("voter").focus(); return; }
  const text = JSON.stringify({ format: "fettle-votes", version: 1, ballot: ballot.token, voter, votes }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "votes-" + (voter.replace(/[^\p{L}\p{N}]+/gu, "-") || "ballot") + ".json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  $("note").textContent = words.saved;
}
$("title").textContent = document.title = ballot.title; $("intro").textContent = words.intro; $("nameLabel").textContent = words.name;
$("done").textContent = words.done;
button($("back"), words.back, words.backKey); button($("save"), words.save);
const hints = { left: "1", right: "2", equal: "0", bothBad: "B" };
for (const element of document.querySelectorAll("[data-choice]")) {
  button(element, words[element.dataset.choice], hints[element.dataset.choice]);
  element.addEventListener("click", () => vote(element.dataset.choice));
}
$("back").addEventListener("click", takeBack); $("save").addEventListener("click", save); $("voter").addEventListener("input", keep);
$("voter").addEventListener("keydown", event => { if (event.key === "Enter") $("voter").blur(); }); // the keys vote again
document.addEventListener("keydown", event => {
  if (event.target === $("voter") || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const choice = { "1": "left", "2": "right", "0": "equal", "b": "bothBad", "B": "bothBad" }[event.key];
  if (choice) vote(choice); else if (event.key === "Backspace" && votes.length) takeBack(); else return;
  event.preventDefault();
});
show();
</script></body></html>
)html";

// JSON inside a script element: no "<" that could end it.
std::string scriptData(const nlohmann::json &json)
{
    std::string safe;
    for (const char c : json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) {
        if (c == '<')
            safe += "\\u003c";
        else
            safe += c;
    }
    return safe;
}

nlohmann::json wordsOfPage()
{
    return {{"intro", tr("Judge the words: you are not told which model wrote which answer. Your votes stay on this computer until you save them and send the file back.")},
            {"name", tr("Your name")}, {"place", tr("Question %1 of %2")},
            {"left", tr("A is better")}, {"right", tr("B is better")}, {"equal", tr("Equally good")}, {"bothBad", tr("Both bad")},
            {"back", tr("Take back the last vote")}, {"backKey", tr("Backspace")}, {"save", tr("Save my votes")},
            {"done", tr("Thank you: that was the last question. Save your votes and send the file back.")},
            {"needName", tr("Write your name first: the votes are counted by name.")},
            {"saved", tr("Saved among your downloads. Send this file back.")}};
}

} // namespace

std::string ballotPage(std::span<const BallotPair> pairs, std::string_view token, std::string_view projectName)
{
    nlohmann::json list = nlohmann::json::array();
    for (const BallotPair &pair : pairs)
        list.push_back({{"question_number", pair.position}, {"question", pair.question}, {"left", pair.left()}, {"right", pair.right()}});
    const nlohmann::json ballot = {{"token", token}, {"title", tr("Blind vote: {}", projectName)}, {"words", wordsOfPage()}, {"pairs", std::move(list)}};
    std::string page(kBallotHead);
    page += "<script type=\"application/json\" id=\"ballot\">" + scriptData(ballot) + "</script>\n";
    return page += kScript;
}

} // namespace fettle::evaluate
