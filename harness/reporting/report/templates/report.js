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
const POINTS = { dots: { filled: true, size: 40 }, crosses: { shape: "M-1,-1L1,1M-1,1L1,-1", strokeWidth: 1.8, size: 18 } };
const onScreen = (colour) => colour.startsWith("#") ? `light-dark(${colour}, color-mix(in oklab, ${colour} 70%, white))` : colour;
const isSeed = (column) => column.seed.startsWith("seed");

function specification(figure, shown, eachSeed) {
  const { x, y, references, scale } = figure.dataset;
  const columns = shown.filter((c) => eachSeed || !isSeed(c));
  const points = [], wide = [], bands = [], where = {};
  for (const row of all("tbody tr", figure)) {
    const at = Number(row.cells[0].textContent), same = where[at] ??= (wide.push({ x: at }), wide.at(-1));
    const number = ({ place }) => parseFloat(row.cells[place].textContent);
    for (const column of columns) {
      const value = number(column);
      same[column.key] ??= "–";
      if (isNaN(value)) continue;
      same[column.key] = row.cells[column.place].textContent.trim();
      points.push({ x: at, y: value, s: column.key, m: column.mark, w: isSeed(column) ? 1 : 2.2, o: isSeed(column) ? 0.5 : 1, d: column.dashed ? [5, 3] : [] });
    }
    for (const mean of columns.filter((c) => c.seed === "mean")) {
      const values = shown.filter((c) => isSeed(c) && c.label === mean.label).map(number).filter((value) => !isNaN(value));
      if (values.length) bands.push({ x: at, y: Math.min(...values), high: Math.max(...values), s: mean.key });
    }
  }
  const whole = wide.every((row) => Number.isInteger(row.x));
  const kind = (flag) => (flag in figure.dataset ? { type: "log" } : { type: "linear", zero: false });
  const axes = {
    x: { field: "x", type: "quantitative", title: x, scale: { ...kind("logX"), nice: false, padding: 8 }, axis: { grid: false, ...(whole && { tickMinStep: 1, format: "~s" }) } },
    y: { field: "y", type: "quantitative", title: y, scale: { ...kind("logY"), ...(scale && { domain: scale.split(" ").map(Number), nice: false }) }, axis: { format: "~g" } },
  };
  const plain = (field, type = "quantitative") => ({ field, type, scale: null, legend: null });
  const colour = { field: "s", type: "nominal", legend: null, scale: { domain: columns.map((c) => c.key), range: columns.map((c) => onScreen(c.colour)) } };
  const marks = { y: axes.y, color: colour, opacity: plain("o") };
  const marked = (mark) => ({ values: points.filter((p) => p.m === mark) });
  const told = columns.length > MOST_TOLD ? columns.filter((c) => !isSeed(c)) : columns;
  const compared = { values: Object.entries(JSON.parse(references)).map(([name, value]) => ({ name: `${name} ${Number(value.toPrecision(4))}`, y: value })) };
  const reference = { field: "y", type: "quantitative" };
  return {
    width: "container", height: figure.closest(".first") ? 165 : 215, autosize: { type: "fit-x", contains: "padding" }, background: "transparent",
    config: {
      font: "system-ui, sans-serif", view: { stroke: null },
      axis: { labelColor: "var(--muted)", titleColor: "var(--muted)", gridColor: "var(--line)", domainColor: "var(--muted)", tickColor: "var(--muted)", titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12 },
    },
    encoding: { x: axes.x },
    layer: [
      { data: { values: eachSeed ? [] : bands }, mark: { type: "area", clip: true, opacity: 0.18 }, encoding: { y: axes.y, y2: { field: "high" }, color: colour } },
      { data: marked("line"), mark: { type: "line", clip: true }, encoding: { ...marks, detail: { field: "s" }, strokeWidth: plain("w"), strokeDash: plain("d", "nominal") } },
      ...Object.entries(POINTS).map(([mark, look]) => ({ data: marked(mark), mark: { type: "point", clip: true, ...look }, encoding: marks })),
      { data: compared, mark: { type: "rule", strokeDash: [5, 4], color: "var(--muted)", clip: true }, encoding: { x: null, y: reference } },
      { data: compared, mark: { type: "text", align: "right", dy: -6, fill: "var(--muted)", clip: true }, encoding: { x: { value: "width" }, y: reference, text: { field: "name" } } },
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
  const off = new Set(all(".toggles input[name]:not(:checked)", figure).map((box) => box.value));
  const shown = columnsOf(figure).filter((c) => !off.has(c.label));
  const inside = make("div", { ariaHidden: "true" }); // for screen readers, the plot has a text of its own
  figure.querySelector(".plot").replaceChildren(inside);
  vegaEmbed(inside, specification(figure, shown, Boolean(figure.querySelector(".seeds:checked"))), {
    renderer: "svg", actions: false, defaultStyle: false, ast: true, tooltip: { disableDefaultStyle: true },
  });
}

function show(figure) {
  const toggles = figure.querySelector(".toggles"), columns = columnsOf(figure);
  if (toggles.firstChild) return;
  const curves = new Map(columns.map((c) => [c.label, c]));
  for (const [value, { colour, mark, dashed }] of curves) {
    const swatch = make("span", { className: `swatch ${mark}${dashed ? " dashed" : ""}` });
    swatch.style.setProperty("--c", colour);
    toggles.append(make("label", {}, make("input", { type: "checkbox", name: "curve", value, checked: true }), swatch, value));
  }
  if (columns.some(isSeed)) toggles.append(make("label", {}, make("input", { type: "checkbox", className: "seeds" }), "each seed"));
  toggles.onchange = () => draw(figure);
  draw(figure);
}

const showWithin = (element) => all(".chart", element).filter((figure) => figure.offsetParent).forEach(show);

// Tables

function sort(button) {
  const heading = button.closest("th"), table = heading.closest("table"), place = heading.cellIndex;
  const down = heading.getAttribute("aria-sort") === "ascending";
  all("th[aria-sort]", table).forEach((th) => th.setAttribute("aria-sort", "none"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = (row) => {
    const text = row.cells[place].textContent.trim();
    return /^[-+−\d]/.test(text) ? text.replace("−", "-").replaceAll(",", "") : text;
  };
  const order = (a, b) => {
    const [p, q] = [key(a), key(b)], [m, n] = [parseFloat(p), parseFloat(q)];
    if (isNaN(m) !== isNaN(n)) return isNaN(m) ? 1 : -1; // what has no number stands last, both ways
    return (down ? -1 : 1) * (isNaN(m) ? p.localeCompare(q) : m - n);
  };
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
}

function makeSortable(heading) {
  const button = make("button", {}, ...heading.childNodes);
  heading.append(button);
  heading.setAttribute("aria-sort", "none");
  button.onclick = () => sort(button);
}

function linkSheets() {
  const sheets = new Map(all(".sheet").map((sheet) => [sheet.dataset.title.replace(/ \(reference\)$/, ""), sheet]));
  for (const name of all("#results tbody th")) {
    const sheet = sheets.get(name.textContent);
    if (!sheet || name.closest(".sheet")) continue;
    const button = make("button", { textContent: name.textContent });
    button.onclick = () => { sheet.open = true; sheet.querySelector("summary").focus(); sheet.scrollIntoView(); };
    name.replaceChildren(button);
  }
}

function filterClaims(words) {
  const rows = all("#claims tbody tr");
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(words.trim().toLowerCase());
  document.querySelector("#claims output").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} claims`;
}

all("details").forEach((details) => { details.ontoggle = () => { if (details.open) showWithin(details); }; });
all(".sortable > .scroll thead th").forEach(makeSortable);
linkSheets();
for (const search of all("#claims input")) {
  search.parentElement.hidden = false;
  search.oninput = () => filterClaims(search.value);
  filterClaims("");
}
all("td").forEach((cell) => {
  const word = cell.textContent.match(/^(holds|does not hold|not decided|not checkable)\b/);
  if (word) cell.classList.add("verdict", word[0].replaceAll(" ", "-"));
});
showWithin(document.body);
