// Keys on the coder's page, the definition that follows the focus, and finding a code. The page works without this file.
"use strict";

const page = document.documentElement;
const form = document.getElementById("coding");
const rows = [...form.querySelectorAll(".code")];
const byKey = new Map(rows.filter((row) => row.dataset.key).map((row) => [row.dataset.key, row]));
const search = document.getElementById("q");
const singleKeys = document.getElementById("single-keys");
const memo = document.getElementById("memo");
const skipping = document.getElementById("skipping");
page.classList.add("js");

function define(row) {
  if (!row?.dataset.def) return;
  for (const shown of form.querySelectorAll(".definition.shown")) shown.classList.remove("shown");
  document.getElementById(row.dataset.def).classList.add("shown");
}

function alone(input) { // "no code applies" and codes exclude each other where several may be given
  if (input.type !== "checkbox" || !input.checked) return;
  const others = [...form.querySelectorAll(`input[name="${input.name}"]`)].filter((other) => other !== input);
  for (const other of others) if (input.value === "none" || other.value === "none") other.checked = false;
}

function choose(row) {
  define(row);
  if (row.dataset.marks) {
    if (!marking.mark(row)) state.textContent = "Mark a stretch of the text first, then press the code's key.";
    return;
  }
  const input = row.querySelector("input");
  input.checked = input.type === "radio" || !input.checked;
  alone(input);
  marking.paint();
  input.focus();
  define(row);
  keepDraft();
}

function question() { // the one that has the focus, else the first without an answer
  const all = [...form.querySelectorAll("fieldset[data-question]")];
  const focused = document.activeElement.closest?.("fieldset[data-question]");
  return focused ?? all.find((one) => !form.querySelector(`[name="v${one.dataset.question}"]:checked`)) ?? all[all.length - 1];
}

function surer(step) {
  const steps = [...form.querySelectorAll('input[name="sure"]')];
  const at = steps.findIndex((one) => one.checked);
  steps[Math.min(steps.length - 1, Math.max(0, at < 0 ? 1 : at + step))].checked = true;
  keepDraft();
}

function find() {
  const wanted = search.value.trim().toLocaleLowerCase();
  for (const row of rows) {
    const meaning = row.dataset.def ? document.getElementById(row.dataset.def).textContent : row.textContent;
    row.hidden = wanted !== "" && !`${row.textContent} ${meaning}`.toLocaleLowerCase().includes(wanted);
  }
  for (const one of form.querySelectorAll("fieldset[data-question]")) one.hidden = !one.querySelector(".code:not([hidden])");
}

const acts = {
  "0": () => choose(question().querySelector("[data-none]")),
  "/": () => search.focus(),
  ",": () => memo.focus(),
  ".": () => { skipping.open = true; document.getElementById("reason").focus(); },
  "+": () => surer(1),
  "-": () => surer(-1),
  "−": () => surer(-1),
  "?": () => window.open("/help/blind#keys", "_blank", "noopener"),
};

function keyOf(event) { // a digit counts by its sign or by its physical key, as French keyboards need Shift for digits
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  if (byKey.has(event.key) || event.key in acts) return event.key;
  return digit && !event.shiftKey ? digit : event.key.toLowerCase();
}

document.addEventListener("keydown", (event) => {
  const writes = event.target.matches("textarea, input:not([type=radio]):not([type=checkbox])");
  const commands = event.ctrlKey || event.metaKey;
  if (event.key === "Escape") { form.querySelector("label.code:not([hidden]) input, button.code:not([hidden])").focus(); return; }
  if (commands && event.key === "Enter") { form.requestSubmit(); event.preventDefault(); return; }
  if (commands && event.key.toLowerCase() === "z" && !writes) { document.getElementById("undo")?.click(); event.preventDefault(); return; }
  if (event.target === search && event.key === "Enter") { take(); event.preventDefault(); return; }
  if (writes || commands || event.altKey || event.isComposing || event.target.matches("button, a, summary, select") && event.key === "Enter") return;
  if (event.key === "Enter") { form.requestSubmit(); event.preventDefault(); return; }
  if (event.target.id === "text" && marking.move(event)) { event.preventDefault(); return; }
  if (event.shiftKey && event.key.startsWith("Arrow")) {
    document.getElementById(event.key === "ArrowUp" ? "before" : "after")?.toggleAttribute("open");
    event.preventDefault();
    return;
  }
  if (!singleKeys.checked) return;
  const key = keyOf(event);
  const act = byKey.has(key) ? () => choose(byKey.get(key)) : acts[key];
  if (act) { act(); event.preventDefault(); }
});

// Drafts stay in this browser until they are stored; signing out removes them. A lost connection is waited for, with the same key.

const RETRY_MS = 3000;
const state = document.getElementById("state").firstElementChild;
const draftKey = `draft:${form.elements.assignment.value}:${form.dataset.coding}`; // a draft is of one stored state of the turn
let sending = false;

function keepDraft() {
  const fields = [...new FormData(form)].filter(([name]) => name !== "key" && name !== "assignment");
  localStorage.setItem(draftKey, JSON.stringify(fields));
  if (!sending) state.textContent = "Draft kept in this browser until you save it.";
}

function restoreDraft() {
  const kept = localStorage.getItem(draftKey);
  if (!kept || document.querySelector("[role=alert]")) return;
  const fields = JSON.parse(kept);
  marking.restore(fields);
  for (const input of form.querySelectorAll("label input")) {
    if (["radio", "checkbox"].includes(input.type)) input.checked = fields.some(([name, value]) => name === input.name && value === input.value);
  }
  memo.value = fields.find(([name]) => name === "memo")?.[1] ?? "";
  state.textContent = "Your draft is back. It is stored when you press Save and next.";
}

async function send(body) {
  let answer = null;
  try {
    answer = await fetch(form.action, { method: "POST", body });
  } catch { /* no connection: below */ }
  if (answer?.redirected) {
    localStorage.removeItem(draftKey);
    location.assign(answer.url);
  } else if (answer && answer.status !== 503) {
    form.submit(); // the refusal is a page of its own, with everything that was filled in
  } else {
    const why = answer ? "The server could not save." : "No connection.";
    state.parentElement.classList.add("lost");
    state.textContent = `${why} Your work is kept in this browser and sent when it is back.`;
    setTimeout(send, RETRY_MS, body);
  }
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  if (sending) return;
  sending = true;
  keepDraft();
  state.textContent = "Saving…";
  send(new URLSearchParams(new FormData(form)));
});

skipping.querySelector("form").addEventListener("submit", () => localStorage.removeItem(draftKey));

function take() {
  const first = rows.find((row) => !row.hidden);
  search.value = "";
  find();
  if (first) choose(first);
}

form.addEventListener("change", (event) => {
  if (event.target.closest(".code, .spans li")) alone(event.target);
  marking.paint();
  keepDraft();
});
form.addEventListener("input", keepDraft);
form.addEventListener("focusin", (event) => define(event.target.closest(".code")));
search.addEventListener("input", find);
singleKeys.checked = localStorage.getItem("single-keys") !== "off"; // holds no text of a study
singleKeys.addEventListener("change", () => localStorage.setItem("single-keys", singleKeys.checked ? "on" : "off"));
for (const row of rows) {
  if (!row.dataset.marks) continue;
  row.addEventListener("mousedown", (event) => event.preventDefault()); // the text stays selected
  row.addEventListener("click", () => choose(row));
}
restoreDraft();
define(form.querySelector(".code:has(:checked)") ?? rows[0]);
