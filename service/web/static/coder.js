// Keys on the coder's page, the definition that follows the focus, and finding a code. The page works without this file.
"use strict";

const page = document.documentElement;
const form = document.getElementById("coding");
const rows = [...form.querySelectorAll("label.code")];
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
  const others = [...input.closest("fieldset").querySelectorAll("input")].filter((other) => other !== input);
  for (const other of others) if (input.value === "none" || other.value === "none") other.checked = false;
}

function choose(row) {
  const input = row.querySelector("input");
  input.checked = input.type === "radio" || !input.checked;
  alone(input);
  input.focus();
  define(row);
}

function question() { // the one that has the focus, else the first without an answer
  const all = [...form.querySelectorAll("fieldset[data-question]")];
  const focused = document.activeElement.closest?.("fieldset[data-question]");
  return focused ?? all.find((one) => !one.querySelector(":checked")) ?? all[all.length - 1];
}

function surer(step) {
  const steps = [...form.querySelectorAll('input[name="sure"]')];
  const at = steps.findIndex((one) => one.checked);
  steps[Math.min(steps.length - 1, Math.max(0, at < 0 ? 1 : at + step))].checked = true;
}

function find() {
  const wanted = search.value.trim().toLocaleLowerCase();
  for (const row of rows) {
    const meaning = row.dataset.def ? document.getElementById(row.dataset.def).textContent : row.textContent;
    row.hidden = wanted !== "" && !`${row.textContent} ${meaning}`.toLocaleLowerCase().includes(wanted);
  }
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
  if (event.key === "Escape") { form.querySelector("label.code:not([hidden]) input").focus(); return; }
  if (commands && event.key === "Enter") { form.requestSubmit(); event.preventDefault(); return; }
  if (commands && event.key.toLowerCase() === "z" && !writes) { document.getElementById("undo")?.click(); event.preventDefault(); return; }
  if (event.target === search && event.key === "Enter") { take(); event.preventDefault(); return; }
  if (writes || commands || event.altKey || event.isComposing || event.target.matches("button, a, summary, select") && event.key === "Enter") return;
  if (event.key === "Enter") { form.requestSubmit(); event.preventDefault(); return; }
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

function take() {
  const first = rows.find((row) => !row.hidden);
  search.value = "";
  find();
  if (first) choose(first);
}

form.addEventListener("change", (event) => { if (event.target.closest(".code")) alone(event.target); });
form.addEventListener("focusin", (event) => define(event.target.closest("label.code")));
search.addEventListener("input", find);
singleKeys.checked = localStorage.getItem("single-keys") !== "off"; // holds no text of a study
singleKeys.addEventListener("change", () => localStorage.setItem("single-keys", singleKeys.checked ? "on" : "off"));
define(form.querySelector("label.code:has(:checked)") ?? rows[0]);
