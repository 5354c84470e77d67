"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const body = byId("rows"), tools = byId("tools"), shown = byId("shown");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const code = button.previousElementSibling;
    try { await navigator.clipboard.writeText(code.textContent); }
    catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  for (const fix of document.querySelectorAll(".fix")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy the command");
    fix.append(button);
  }
  if (!body) return;
  const rows = Array.from(body.rows, (row, place) => ({ row, place, text: null, own: null }));
  const textOf = (each) => each.text ??= each.row.textContent.toLowerCase();
  const ownOf = (each) => {
    if (!each.own) {
      each.own = {};
      for (const cell of each.row.querySelectorAll("[data-column]")) each.own[cell.dataset.column] = cell.lastElementChild.textContent;
    }
    return each.own;
  };
  const valueOf = (each, name) => name.startsWith("own:") ? ownOf(each)[name.slice(4)] ?? "" : each.row.dataset[name.slice(5)] ?? "";
  const collator = new Intl.Collator(undefined, { numeric: true });
  const worst = { fail: 0, indeterminate: 1, pass: 2 };
  const numberOf = (text) => text === undefined || text === "" ? -1 : Number(text);
  const orders = {
    verdict: (a, b) => worst[a.row.dataset.verdict] - worst[b.row.dataset.verdict],
    credits: (a, b) => numberOf(b.row.dataset.credits) - numberOf(a.row.dataset.credits),
    seconds: (a, b) => numberOf(b.row.dataset.seconds) - numberOf(a.row.dataset.seconds),
    name: (a, b) => collator.compare(a.row.querySelector(".name").textContent, b.row.querySelector(".name").textContent),
  };
  const onlyFiles = !document.querySelector("table.jobs tbody tr[data-verdict]:not([data-bare])");
  const grouped = (number) => number.toLocaleString("en", { maximumFractionDigits: 2 });
  const sums = (list) => {
    const count = { fail: 0, indeterminate: 0, pass: 0 };
    let credits = 0, high = 0, unpriced = 0;
    for (const { row } of list) {
      count[row.dataset.verdict] += 1;
      if (row.dataset.bare && !onlyFiles) continue; // a file by itself costs nothing beside a job
      if (row.dataset.credits === undefined) unpriced += 1;
      else { credits += Number(row.dataset.credits); high += Number(row.dataset.high); }
    }
    const words = Object.entries(count).filter(([, many]) => many).map(([word, many]) => `${grouped(many)} ${word}`);
    words.push(`${grouped(credits)} credits` + (high > credits ? ` (up to ${grouped(high)})` : ""));
    if (unpriced) words.push(`${grouped(unpriced)} without a price`);
    return words.join(" · ");
  };
  const header = (name, list) => {
    const row = document.createElement("tr"), cell = document.createElement("th"), told = document.createElement("span");
    row.className = "group";
    cell.colSpan = 5;
    cell.scope = "colgroup";
    told.className = "sums";
    told.textContent = ` ${grouped(list.length)} job${list.length === 1 ? "" : "s"}: ${sums(list)}`;
    cell.append(name || "(none)", told);
    row.append(cell);
    return row;
  };
  const update = () => {
    const verdict = byId("by-verdict").value, rule = byId("by-rule").value, text = byId("by-text").value.trim().toLowerCase();
    const column = byId("column").value, part = byId("by-column").value.trim().toLowerCase(), group = byId("group").value, sort = byId("sort").value;
    const visible = rows.filter((each) => {
      const data = each.row.dataset;
      return (!verdict || data.verdict === verdict) && (!rule || ` ${data.rules ?? ""} `.includes(` ${rule} `))
        && (!text || textOf(each).includes(text)) && (!column || !part || valueOf(each, column).toLowerCase().includes(part));
    });
    const order = sort.startsWith("own:") ? (a, b) => collator.compare(valueOf(a, sort), valueOf(b, sort)) : orders[sort];
    visible.sort((a, b) => (order ? order(a, b) : 0) || a.place - b.place);
    const put = document.createDocumentFragment();
    if (group) {
      const found = new Map();
      for (const each of visible) {
        const name = valueOf(each, group);
        if (!found.has(name)) found.set(name, []);
        found.get(name).push(each);
      }
      for (const [name, list] of [...found].sort((a, b) => collator.compare(a[0], b[0]))) put.append(header(name, list), ...list.map(({ row }) => row));
    } else put.append(...visible.map(({ row }) => row));
    body.replaceChildren(put);
    shown.textContent = `${grouped(visible.length)} of ${grouped(rows.length)} jobs: ${sums(visible)}`;
  };
  const offer = () => {
    const name = byId("column").value, found = new Set();
    byId("by-column").disabled = !name;
    byId("by-column").value = "";
    if (name) for (const each of rows) if (found.size < 200) found.add(valueOf(each, name));
    byId("values").replaceChildren(...Array.from(found).sort(collator.compare).map((value) => new Option(value, value)));
  };
  let waiting;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(update, 120); };
  byId("column").addEventListener("change", offer);
  for (const id of ["by-verdict", "by-rule", "column", "sort", "group"]) byId(id).addEventListener("change", update);
  for (const id of ["by-text", "by-column"]) byId(id).addEventListener("input", soon);
  byId("reset").addEventListener("click", () => {
    for (const field of tools.querySelectorAll("select, input")) field.value = "";
    offer();
    update();
  });
  const wanted = Array.from(byId("group").options).find((option) => tools.dataset.group && (option.value === `data:${tools.dataset.group}` || (option.value.startsWith("own:") && option.textContent === tools.dataset.group)));
  tools.hidden = false;
  if (wanted) { byId("group").value = wanted.value; update(); }
  else shown.textContent = `${grouped(rows.length)} of ${grouped(rows.length)} jobs: ${sums(rows)}`;
})();
