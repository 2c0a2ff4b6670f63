// Marking stretches of the excerpt: with the mouse, or word by word with the arrow keys. Offsets count Unicode code points, as the service does.
"use strict";

const marking = (() => {
  const quote = document.getElementById("text");
  const lists = new Map([...document.querySelectorAll("[data-spans]")].map((one) => [one.dataset.spans, one.querySelector("ul")]));
  if (!quote) return { mark: () => false, move: () => false, restore: () => {}, paint: () => {} };
  const text = quote.textContent;
  const characters = [...text];
  const words = [...text.matchAll(/\S+/g)].map((word) => [word.index, word.index + word[0].length]);
  let first = -1; // the words between which the keyboard has selected
  let last = -1;

  const points = (units) => [...text.slice(0, units)].length;

  function selected() { // in code points, without white space at the ends
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed || !selection.getRangeAt(0).intersectsNode(quote)) return null;
    const range = selection.getRangeAt(0).cloneRange();
    if (!quote.contains(range.startContainer)) range.setStart(quote, 0);
    if (!quote.contains(range.endContainer)) range.setEnd(quote, quote.childNodes.length);
    const before = document.createRange();
    before.setStart(quote, 0);
    before.setEnd(range.startContainer, range.startOffset);
    let [start, end] = [[...before.toString()].length, [...before.toString()].length + [...range.toString()].length];
    while (start < end && /\s/.test(characters[start])) start += 1;
    while (start < end && /\s/.test(characters[end - 1])) end -= 1;
    return start < end ? [start, end] : null;
  }

  function at(units) { // the text node and the offset in it
    const walker = document.createTreeWalker(quote, NodeFilter.SHOW_TEXT);
    let left = units;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (left <= node.length) return [node, left];
      left -= node.length;
    }
    return [quote, quote.childNodes.length];
  }

  function select() {
    getSelection().setBaseAndExtent(...at(words[first][0]), ...at(words[last][1]));
  }

  function move(event) {
    if (!words.length || !["ArrowLeft", "ArrowRight"].includes(event.key)) return false;
    const step = event.key === "ArrowRight" ? 1 : -1;
    if (first < 0) first = last = step > 0 ? 0 : words.length - 1;
    else if (event.shiftKey) last = Math.min(words.length - 1, Math.max(first, last + step));
    else first = last = Math.min(words.length - 1, Math.max(0, (step > 0 ? last : first) + step));
    select();
    return true;
  }

  const spans = () => [...document.querySelectorAll(".spans li input:checked")].map((input) => {
    const [start, end, place] = input.value.split("-").map(Number);
    return { start, end, place, name: input.dataset.name ?? input.closest("li").querySelector("b").textContent };
  });

  function paint() {
    const given = spans();
    const cuts = [...new Set([0, characters.length, ...given.flatMap((one) => [one.start, one.end])])].sort((one, other) => one - other);
    quote.replaceChildren();
    for (const [place, start] of cuts.slice(0, -1).entries()) {
      const end = cuts[place + 1];
      const over = given.filter((one) => one.start <= start && start < one.end);
      const piece = characters.slice(start, end).join("");
      if (!over.length) { quote.append(piece); continue; }
      const mark = document.createElement("mark");
      mark.className = `m${over[over.length - 1].place % 6}`;
      const ends = over.filter((one) => one.end === end).map((one) => one.name);
      if (ends.length) mark.dataset.ends = ends.join(", ");
      mark.append(piece);
      quote.append(mark);
    }
  }

  function add(of, value, name) {
    const [start, end] = value.split("-").map(Number);
    const item = document.createElement("li");
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "checkbox", name: `v${of}`, value, checked: true });
    const code = Object.assign(document.createElement("b"), { dir: "auto", textContent: name });
    const said = Object.assign(document.createElement("q"), { dir: "auto", textContent: characters.slice(start, end).join("").slice(0, 120) });
    const where = Object.assign(document.createElement("small"), { className: "muted num", textContent: `characters ${start} to ${end}` });
    label.append(input, " ", code, " ", said, " ", where);
    item.append(label);
    lists.get(of).append(item);
    return input;
  }

  function mark(row) {
    const found = selected() ?? (first < 0 ? null : [points(words[first][0]), points(words[last][1])]);
    if (!found) return false;
    const { marks, place, name } = row.dataset;
    const value = `${found[0]}-${found[1]}-${place}`;
    const there = [...lists.get(marks).querySelectorAll("input")].find((input) => input.value === value);
    const input = there ?? add(marks, value, name);
    input.checked = true;
    first = last = -1;
    getSelection().removeAllRanges();
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  function restore(fields) {
    for (const [name, value] of fields) {
      const of = name.slice(1);
      if (!/^v\d+$/.test(name) || !lists.has(of) || value === "none") continue;
      const known = [...lists.get(of).querySelectorAll("input")].some((input) => input.value === value);
      const code = document.querySelector(`[data-marks="${of}"][data-place="${value.split("-")[2]}"]`);
      if (!known && code) add(of, value, code.dataset.name);
    }
    queueMicrotask(paint);
  }

  return { mark, move, restore, paint };
})();
