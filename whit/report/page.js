// Draws the charts of a report: see Chart in document.hpp for what a spec holds.
"use strict";
const specs = JSON.parse(document.getElementById("charts").textContent);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const clock = (minutes) => {
  const m = Math.round(minutes);
  return String(Math.floor(m / 60) % 24).padStart(2, "0") + ":" + String(m % 60).padStart(2, "0");
};

function dataset(series, index, spec) {
  const own = colour("s" + (series.colour ?? index) % 6);
  const style = series.style || (spec.kind === "bar" ? "bar" : "line");
  const filled = style === "area" || style === "band";
  const limit = (spec.lines || []).find((line) => line.is_limit);
  const bar = limit ? series.y.map((y) => y > limit.at ? colour("bad") : own) : own;
  return {
    label: series.name,
    type: style === "bar" ? "bar" : "line",
    data: spec.kind === "bar" && style === "bar" ? series.y : series.y.map((y, i) => ({ x: series.x[i], y: y })),
    yAxisID: spec.horizontal ? undefined : series.axis || "y",
    order: series.axis === "behind" ? 1 : 0,
    borderColor: series.axis === "behind" ? "transparent" : own,
    backgroundColor: style === "bar" ? bar : own + "33",
    borderWidth: style === "bar" ? 0 : style === "band" || style === "edge" ? 1 : 2,
    maxBarThickness: 28,
    borderDash: style === "dash" ? [6, 4] : [],
    stepped: style === "area" ? "before" : false,
    fill: style === "band" ? "-1" : filled ? "origin" : false,
    pointRadius: series.x && series.x.length < 20 ? 3 : 0,
    spanGaps: false,
  };
}

function axis(title, more) {
  return Object.assign({
    title: { display: !!title, text: title, color: colour("soft") },
    ticks: { color: colour("soft") }, grid: { color: colour("line") },
  }, more);
}

const decades = (value) => Number.isInteger(Math.log10(value)) ? String(Number(value.toPrecision(1))) : null;

function options(spec) {
  const scales = {};
  const values = axis(spec.y.title, { beginAtZero: spec.kind === "bar", suggestedMin: spec.y.min, suggestedMax: spec.y.max });
  if (spec.y.log) Object.assign(values, { type: "logarithmic", min: spec.y.min, max: spec.y.max,
    ticks: { color: colour("soft"), callback: decades, maxRotation: 0 } });
  const places = axis(spec.x.title, {});
  if (!spec.x.labels) places.type = "linear";
  if (spec.x.clock) {
    places.ticks = { color: colour("soft"), stepSize: 120, maxRotation: 0, autoSkip: true, callback: clock };
    places.min = 0, places.max = 1440;
  }
  if (spec.horizontal) {
    scales.x = values, scales.y = places;
    places.ticks = { color: colour("soft"), autoSkip: false };
  } else {
    scales.x = places, scales.y = values;
  }
  if (spec.y2) {
    const states = spec.y2.states;
    scales.y2 = axis(spec.y2.title, { position: "right", min: 0, max: 3.5 * states.length,
      ticks: { color: colour("soft"), stepSize: 1, autoSkip: false, callback: (value) => states[value] },
      grid: { drawOnChartArea: false, drawTicks: false } });
    scales.y2.title.align = "start";
  }
  if (spec.series.some((series) => series.axis === "behind")) scales.behind = { axis: "y", display: false, min: 0, max: 1 };
  return {
    indexAxis: spec.horizontal ? "y" : "x", animation: false, responsive: true, maintainAspectRatio: false,
    parsing: true, interaction: { mode: "nearest", axis: spec.horizontal ? "y" : "x", intersect: false },
    layout: { padding: { top: 18 * (spec.lines || []).length } },
    plugins: {
      legend: { display: spec.series.length > 1,
        labels: { color: colour("text"), boxWidth: 14, filter: (item) => item.text !== "" } },
      tooltip: { filter: (item) => item.dataset.label !== "", callbacks: {
        title: (items) => spec.x.clock ? clock(items[0].parsed.x) : items[0].label,
        label: (item) => item.dataset.label + ": " + tip(spec, item),
      } },
    },
    scales: scales,
  };
}

function tip(spec, item) {
  const series = spec.series[item.datasetIndex];
  if (series.texts) return series.texts[item.dataIndex];
  if (series.axis === "y2") return spec.y2.states[item.parsed.y];
  if (series.axis === "behind") return item.parsed.y > 0 ? "yes" : "no";
  return item.formattedValue;
}

// Texts at the ends of bars, and lines across them.
const marks = (spec) => ({
  id: "marks",
  afterDatasetsDraw(chart) {
    const context = chart.ctx, area = chart.chartArea;
    context.save();
    context.font = "12px " + getComputedStyle(document.body).fontFamily;
    context.textBaseline = "middle";
    (spec.lines || []).forEach((line, row) => {
      const x = chart.scales.x.getPixelForValue(line.at);
      const y = area.top - 18 * row - 9, half = context.measureText(line.name).width / 2;
      context.strokeStyle = context.fillStyle = colour(line.is_limit ? "bad" : "text");
      context.setLineDash([4, 3]);
      context.beginPath();
      context.moveTo(x, y + 8);
      context.lineTo(x, area.bottom);
      context.stroke();
      context.textAlign = "center";
      context.fillText(line.name, Math.max(half, Math.min(chart.width - half, x)), y);
    });
    spec.series.forEach((series, k) => (series.texts || []).forEach((text, i) => {
      const bar = chart.getDatasetMeta(k).data[i], wide = context.measureText(text).width;
      const fits = bar.x + 6 + wide < chart.width;  // beside the bar, else in it
      context.textAlign = fits ? "left" : "right";
      context.fillStyle = fits ? colour("page") : bar.options.backgroundColor;  // over lines that it meets
      context.fillRect(fits ? bar.x + 4 : bar.x - wide - 8, bar.y - 8, wide + 4, 16);
      context.fillStyle = colour(fits ? "text" : "page");
      context.fillText(text, fits ? bar.x + 6 : bar.x - 6, bar.y);
    }));
    context.restore();
  },
});

let drawn = [];
function draw() {
  drawn.forEach((chart) => chart.destroy());
  specs.forEach((spec, i) => {  // a bar needs its height
    if (spec.horizontal) document.getElementById("chart" + i).parentNode.style.height = 5 + spec.x.labels.length * (1 + 0.9 * spec.series.length) + "rem";
  });
  drawn = specs.map((spec, i) => new Chart(document.getElementById("chart" + i), {
    type: spec.kind,
    data: { labels: spec.x.labels, datasets: spec.series.map((series, k) => dataset(series, k, spec)) },
    options: options(spec),
    plugins: [marks(spec)],
  }));
  document.body.dataset.charts = drawn.length;
}
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
