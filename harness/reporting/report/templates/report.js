"use strict";
document.documentElement.classList.add("js");
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// Charts. A figure's table holds the numbers; its headings say to which curve and seed they belong.

function columnsOf(figure) {
  const columns = JSON.parse(figure.dataset.curves).flatMap(({ seeds, ...curve }) => seeds.map((seed) => ({ ...curve, seed })));
  const headings = figure.querySelector("thead tr").cells;
  return columns.map((column, place) => ({ ...column, key: `s${place}`, place: place + 1, name: headings[place + 1].textContent.trim() }));
}

const MOST_TOLD = 16; // columns in the box that follows the pointer; more are only in the table
const onScreen = (colour) => colour.startsWith("#") ? `light-dark(${colour}, color-mix(in oklab, ${colour} 70%, white))` : colour;

function specification(figure, columns) {
  const { x, y, references, scale } = figure.dataset;
  const points = [], wide = [], where = {};
  for (const row of all("tbody tr", figure)) {
    const at = Number(row.cells[0].textContent), same = where[at] ??= (wide.push({ x: at }), wide.at(-1));
    for (const { key, place, seed } of columns) {
      const text = row.cells[place].textContent.trim();
      same[key] ??= text || "–";
      if (text === "") continue;
      same[key] = text;
      points.push({ x: at, y: Number(text), s: key, w: seed.startsWith("seed") ? 1 : 2.2, o: seed.startsWith("seed") ? 0.5 : 1 });
    }
  }
  const whole = wide.every((row) => Number.isInteger(row.x));
  const kind = (flag) => (flag in figure.dataset ? { type: "log" } : { type: "linear", zero: false });
  const axes = {
    x: { field: "x", type: "quantitative", title: x, scale: { ...kind("logX"), nice: false, padding: 8 }, axis: { grid: false, ...(whole && { tickMinStep: 1, format: "~s" }) } },
    y: { field: "y", type: "quantitative", title: y, scale: { ...kind("logY"), ...(scale && { domain: scale.split(" ").map(Number), nice: false }) }, axis: { format: "~g" } },
  };
  const marks = {
    color: { field: "s", type: "nominal", legend: null, scale: { domain: columns.map((c) => c.key), range: columns.map((c) => onScreen(c.colour)) } },
    opacity: { field: "o", type: "quantitative", scale: null, legend: null },
  };
  const single = columns.filter((c) => !c.seed.startsWith("seed"));
  const told = columns.length > MOST_TOLD && single.length ? single : columns;
  const keys = (dots) => columns.filter((c) => c.dots === dots).map((c) => c.key);
  const lines = points.filter((p) => keys(false).includes(p.s)), dots = points.filter((p) => keys(true).includes(p.s));
  const compared = Object.entries(JSON.parse(references || "{}")).map(([name, value]) => ({ name: `${name} ${Number(value.toPrecision(4))}`, y: value }));
  return {
    width: "container", height: 260, autosize: { type: "fit-x", contains: "padding" }, background: "transparent",
    config: {
      font: "system-ui, sans-serif", view: { stroke: null },
      axis: { labelColor: "var(--muted)", titleColor: "var(--muted)", gridColor: "var(--line)", domainColor: "var(--muted)", tickColor: "var(--muted)", titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12 },
    },
    encoding: { x: axes.x },
    layer: [
      { data: { values: lines }, mark: { type: "line", clip: true }, encoding: { y: axes.y, ...marks, detail: { field: "s" }, strokeWidth: { field: "w", type: "quantitative", scale: null, legend: null } } },
      { data: { values: dots }, mark: { type: "point", filled: true, clip: true, size: 26 }, encoding: { y: axes.y, ...marks } },
      { data: { values: compared }, mark: { type: "rule", strokeDash: [5, 4], color: "var(--muted)", clip: true }, encoding: { x: null, y: { field: "y", type: "quantitative" } } },
      { data: { values: compared }, mark: { type: "text", align: "right", dy: -6, fill: "var(--muted)", clip: true }, encoding: { x: { value: "width" }, y: { field: "y", type: "quantitative" }, text: { field: "name" } } },
      {
        data: { values: wide }, mark: { type: "rule", strokeWidth: Math.max(3, figure.clientWidth / Math.max(1, wide.length - 1)), color: "var(--muted)", opacity: 0 },
        params: [{ name: "hover", select: { type: "point", fields: ["x"], on: "pointerover", clear: "pointerout" } }],
        encoding: { tooltip: [{ field: "x", title: x }, ...told.map((c) => ({ field: c.key, title: c.name.replace(/[.[\]\\]/g, " ") }))] },
      },
      { data: { values: wide }, mark: { type: "rule", color: "var(--muted)" }, encoding: { opacity: { condition: { param: "hover", empty: false, value: 0.7 }, value: 0 } } },
    ].filter((layer) => layer.data.values.length),
  };
}

function draw(figure) {
  const off = new Set(all(".toggles input:not(:checked)", figure).map((box) => `${box.name} ${box.value}`));
  const shown = columnsOf(figure).filter((c) => !off.has(`label ${c.label}`) && !off.has(`seed ${c.seed}`));
  const inside = make("div", { ariaHidden: "true" }); // for screen readers, the plot has a text of its own
  figure.querySelector(".plot").replaceChildren(inside);
  figure.drawn = vegaEmbed(inside, specification(figure, shown), {
    renderer: "svg", actions: false, defaultStyle: false, ast: true, tooltip: { disableDefaultStyle: true },
  });
  return figure.drawn;
}

function addToggles(figure, seedsOn) {
  const columns = columnsOf(figure);
  const offer = (name, legend, swatch) => {
    const found = new Map(columns.filter((c) => c[name]).map((c) => [c[name], c]));
    if (found.size < 2) return [];
    const boxes = [...found].map(([value, { colour, dots }]) => make("label", {},
      make("input", { type: "checkbox", name, value, checked: name === "label" || seedsOn || value === "mean" }),
      ...(swatch ? [Object.assign(make("span", { className: dots ? "swatch" : "swatch line" }), { style: `--c:${colour}` })] : []), value));
    return [make("fieldset", {}, make("legend", { textContent: legend }), ...boxes)];
  };
  const toggles = figure.querySelector(".toggles");
  toggles.replaceChildren(...offer("label", "Curves", true), ...offer("seed", "Seeds", false));
  toggles.onchange = () => draw(figure);
}

function show(figure, seedsOn = true) {
  if (figure.drawn) return;
  addToggles(figure, seedsOn);
  draw(figure);
}

const showWithin = (element) => all(".chart", element).filter((figure) => figure.offsetParent).forEach((figure) => show(figure));

// Tables: a body is a row with what belongs to it.

function sort(button) {
  const heading = button.closest("th"), table = heading.closest("table"), place = heading.cellIndex;
  const down = heading.getAttribute("aria-sort") === "ascending";
  all("th[aria-sort]", table).forEach((th) => th.setAttribute("aria-sort", "none"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = (body) => {
    const cell = body.rows[0].cells[place], text = cell.textContent.trim();
    return cell.dataset.number ?? (/^[-+−\d]/.test(text) ? text.replace("−", "-").replaceAll(",", "") : text);
  };
  const order = (a, b) => {
    const [p, q] = [key(a), key(b)], [m, n] = [parseFloat(p), parseFloat(q)];
    if (isNaN(m) !== isNaN(n)) return isNaN(m) ? 1 : -1; // what has no number stands last, both ways
    return (down ? -1 : 1) * (isNaN(m) ? p.localeCompare(q) : m - n);
  };
  table.append(...[...table.tBodies].sort(order));
}

function toggle(row, open) {
  const button = row.querySelector("button"), to = open ?? button.getAttribute("aria-expanded") === "false";
  button.setAttribute("aria-expanded", to);
  if (to) showWithin(row.nextElementSibling);
}

function openTarget() {
  const body = document.getElementById(location.hash.slice(1));
  if (body?.matches(".results tbody")) toggle(body.rows[0], true);
}

function filterClaims() {
  const source = document.getElementById("by-source").value, verdict = document.getElementById("by-verdict").value;
  const bodies = all(".claims tbody");
  for (const body of bodies)
    body.hidden = !((!source || JSON.parse(body.dataset.sources).includes(source)) && (!verdict || body.dataset.verdict === verdict));
  const shown = bodies.filter((body) => !body.hidden).length;
  document.querySelector("#claims output").textContent = `${shown} of ${bodies.length} claims`;
}

// Two experiments side by side. Python has compared them; here the pair is only looked up.

function tableOf(caption, headings, rows, words = () => false) {
  const head = make("tr", {}, ...headings.map((text, place) => make("th", { scope: "col", textContent: text, className: words(place - 1) ? "text" : "" })));
  const body = rows.map(([first, ...cells]) => make("tr", {}, make("th", { scope: "row", textContent: first }), ...cells.map((text, place) => make("td", { textContent: text, className: words(place) ? "text" : "" }))));
  const table = make("table", {}, make("caption", { textContent: caption }), make("thead", {}, head), make("tbody", {}, ...body));
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "group" }, table);
  scroll.setAttribute("aria-label", caption);
  return scroll;
}

function overlay(a, b, figures) {
  const copy = document.getElementById("pair-figure").content.firstElementChild.cloneNode(true);
  const name = figures[0].dataset.y;
  Object.assign(copy.dataset, { x: figures[0].dataset.x, y: name });
  copy.querySelector("figcaption").textContent = `${name}: ${a.dataset.name} and ${b.dataset.name}`;
  copy.querySelector(".scroll").setAttribute("aria-label", `Numbers: ${name}`);
  const tables = figures.map((figure) => figure.querySelector(".numbers table"));
  const longest = Math.max(...tables.map((table) => table.tBodies[0].rows.length));
  const head = copy.querySelector("thead tr"), body = copy.querySelector("tbody");
  head.append(tables[0].tHead.rows[0].cells[0].cloneNode(true));
  for (let row = 0; row < longest; row++) {
    const long = tables.find((table) => table.tBodies[0].rows[row]).tBodies[0].rows[row];
    body.append(make("tr", {}, long.cells[0].cloneNode(true)));
  }
  const curves = [];
  [a, b].forEach((side, place) => {
    const colour = place && a.dataset.colour === side.dataset.colour ? "var(--ink)" : side.dataset.colour;
    const name = (label) => `${side.dataset.name}, ${label}`;
    const own = JSON.parse(figures[place].dataset.curves).filter((curve) => !curve.label.startsWith("published"));
    curves.push(...own.map((curve) => ({ ...curve, colour, label: name(curve.label) })));
    for (const column of columnsOf(figures[place]).filter((c) => own.some((curve) => curve.label === c.label))) {
      head.append(make("th", { textContent: name(column.name) }));
      [...body.rows].forEach((row, at) => row.append(make("td", { textContent: tables[place].tBodies[0].rows[at]?.cells[column.place].textContent ?? "" })));
    }
  });
  copy.dataset.curves = JSON.stringify(curves);
  copy.querySelector(".plot").setAttribute("aria-label", `${copy.querySelector("figcaption").textContent}. The numbers are in the table below.`);
  return copy;
}

function compare(data, a, b) {
  const [obstacle, differing, numbers] = data.pairs[`${a.id} ${b.id}`], texts = (places) => places.map((place) => data.texts[place]);
  const names = [a.dataset.name, b.dataset.name], parts = [make("h3", { textContent: names.join(" and ") })];
  if (obstacle) parts.push(make("p", { className: "banner", textContent: obstacle }));
  else parts.push(tableOf("The difference: the first less the second", ["Number", ...names, "Difference", "95 % over seeds", "The first is better", "Note"],
    data.names.map((name, place) => [name, data.values[a.id][place], data.values[b.id][place], ...texts(numbers[place])]), (place) => place === 5));
  const rows = differing.map((place) => texts(data.differences[place])).map(([kind, name, first, second]) => [name, kind, first, second]);
  parts.push(rows.length ? tableOf("What differs", ["What", "Kind", ...names], rows, () => true) : make("p", { textContent: "Nothing that the records hold differs." }));
  const [ours, theirs] = [a, b].map((body) => all(".detail .chart", body));
  const charts = ours.flatMap((figure) => theirs.filter((other) => other.dataset.y === figure.dataset.y).slice(0, 1).map((other) => overlay(a, b, [figure, other])));
  const box = make("div", { className: "charts" }, ...charts);
  document.getElementById("pair").replaceChildren(...parts, box);
  charts.forEach((figure) => show(figure, false));
}

function offerPairs() {
  const data = JSON.parse(document.getElementById("pairs").textContent);
  const bodies = all(".results tbody"), [first, second] = ["first", "second"].map((id) => document.getElementById(id));
  const options = (chosen) => {
    const groups = new Map();
    for (const body of chosen) {
      const group = groups.get(body.dataset.group) ?? groups.set(body.dataset.group, make("optgroup", { label: body.dataset.group })).get(body.dataset.group);
      group.append(make("option", { value: body.id, textContent: body.dataset.name }));
    }
    return [...groups.values()];
  };
  const paired = (id) => bodies.filter((other) => data.pairs[`${id} ${other.id}`]);
  const preferred = (select) => { // chosen at first: a network of the front page, or one with curves
    const found = ["[data-headline]", ":has(.chart)"].map((kind) => [...select.options].find((option) => document.getElementById(option.value).matches(kind)));
    select.value = (found[0] ?? found[1] ?? select.options[0]).value;
  };
  const update = () => compare(data, document.getElementById(first.value), document.getElementById(second.value));
  first.append(...options(bodies.filter((body) => paired(body.id).length)));
  preferred(first);
  first.onchange = () => {
    second.replaceChildren(...options(paired(first.value)));
    preferred(second);
    update();
  };
  second.onchange = update;
  first.onchange();
}

all(".filters").forEach((filters) => { filters.hidden = false; });
all(".row").forEach((row) => {
  toggle(row, false);
  row.onclick = (event) => { if (event.target.closest("button") || !getSelection().toString()) toggle(row); };
});
all("thead button").forEach((button) => { button.onclick = () => sort(button); });
all("details").forEach((details) => { details.ontoggle = () => { if (details.open) showWithin(details); }; });
all("#by-source, #by-verdict").forEach((select) => { select.onchange = filterClaims; });
if (document.getElementById("by-source")) filterClaims();
if (document.getElementById("pairs")) offerPairs();
showWithin(document.getElementById("finding") ?? document.body);
addEventListener("hashchange", openTarget);
openTarget();
