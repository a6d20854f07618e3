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
const POINTS = { dots: { filled: true, size: 26 }, crosses: { shape: "cross", angle: 45, filled: true, size: 40 } };
const onScreen = (colour) => colour.startsWith("#") ? `light-dark(${colour}, color-mix(in oklab, ${colour} 70%, white))` : colour;

function specification(figure, columns) {
  const { x, y, references, scale } = figure.dataset;
  const points = [], wide = [], where = {};
  for (const row of all("tbody tr", figure)) {
    const at = Number(row.cells[0].textContent), same = where[at] ??= (wide.push({ x: at }), wide.at(-1));
    for (const { key, place, seed, dashed } of columns) {
      const text = row.cells[place].textContent.trim();
      same[key] ??= text || "–";
      if (text === "") continue;
      same[key] = text;
      points.push({ x: at, y: Number(text), s: key, w: seed.startsWith("seed") ? 1 : 2.2, o: seed.startsWith("seed") ? 0.5 : 1, d: dashed ? [5, 3] : [] });
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
  const marked = (mark) => points.filter((p) => columns.some((c) => c.key === p.s && c.mark === mark));
  const compared = Object.entries(JSON.parse(references || "{}")).map(([name, value]) => ({ name: `${name} ${Number(value.toPrecision(4))}`, y: value }));
  return {
    width: "container", height: 260, autosize: { type: "fit-x", contains: "padding" }, background: "transparent",
    config: {
      font: "system-ui, sans-serif", view: { stroke: null },
      axis: { labelColor: "var(--muted)", titleColor: "var(--muted)", gridColor: "var(--line)", domainColor: "var(--muted)", tickColor: "var(--muted)", titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12 },
    },
    encoding: { x: axes.x },
    layer: [
      { data: { values: marked("line") }, mark: { type: "line", clip: true }, encoding: { y: axes.y, ...marks, detail: { field: "s" }, strokeWidth: { field: "w", type: "quantitative", scale: null, legend: null }, strokeDash: { field: "d", type: "nominal", scale: null, legend: null } } },
      ...Object.entries(POINTS).map(([mark, look]) => ({ data: { values: marked(mark) }, mark: { type: "point", clip: true, ...look }, encoding: { y: axes.y, ...marks } })),
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
    const boxes = [...found].map(([value, { colour, mark }]) => make("label", {},
      make("input", { type: "checkbox", name, value, checked: name === "label" || seedsOn || value === "mean" }),
      ...(swatch ? [Object.assign(make("span", { className: mark === "line" ? "swatch line" : "swatch" }), { style: `--c:${colour}` })] : []), value));
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

all(".filters").forEach((filters) => { filters.hidden = false; });
all(".row").forEach((row) => {
  toggle(row, false);
  row.onclick = (event) => { if (event.target.closest("button") || !getSelection().toString()) toggle(row); };
});
all("thead button").forEach((button) => { button.onclick = () => sort(button); });
all("details").forEach((details) => { details.ontoggle = () => { if (details.open) showWithin(details); }; });
all("#by-source, #by-verdict").forEach((select) => { select.onchange = filterClaims; });
if (document.getElementById("by-source")) filterClaims();
showWithin(document.getElementById("finding") ?? document.body);
addEventListener("hashchange", openTarget);
openTarget();
