// Keys 1 to 9 choose the answer of that number on the adjudication page. The page works without this file.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])")) return;
  const number = /^[1-9]$/.test(event.key) ? Number(event.key) : /^Digit[1-9]$/.test(event.code) && !event.shiftKey ? Number(event.code.slice(5)) : 0;
  const choice = number && document.querySelector(`#resolving input[name=answer][value="${number - 1}"]`);
  if (!choice) return;
  choice.checked = true;
  choice.focus();
  event.preventDefault();
});
