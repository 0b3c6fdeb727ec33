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
  return {
    label: series.name,
    type: style === "bar" ? "bar" : "line",
    data: spec.kind === "bar" && style === "bar" ? series.y : series.y.map((y, i) => ({ x: series.x[i], y: y })),
    yAxisID: spec.horizontal ? undefined : series.axis || "y",
    borderColor: style === "band" ? "transparent" : own,
    backgroundColor: style === "bar" ? own : own + "33",
    borderWidth: style === "bar" ? 0 : 2,
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

function options(spec) {
  const scales = {};
  const values = axis(spec.y.title, { beginAtZero: spec.kind === "bar", suggestedMin: spec.y.min, suggestedMax: spec.y.max });
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
    scales.y2 = axis(spec.y2.title, { position: "right", beginAtZero: true, suggestedMax: spec.y2.max });
    scales.y2.grid = { drawOnChartArea: false };
  }
  return {
    indexAxis: spec.horizontal ? "y" : "x", animation: false, responsive: true, maintainAspectRatio: false,
    parsing: true, interaction: { mode: "nearest", axis: "x", intersect: false },
    plugins: {
      legend: { display: spec.series.length > 1,
        labels: { color: colour("text"), boxWidth: 14, filter: (item) => item.text !== "" } },
      tooltip: spec.x.clock ? { callbacks: { title: (items) => clock(items[0].parsed.x) } } : {},
    },
    scales: scales,
  };
}

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
  }));
  document.body.dataset.charts = drawn.length;
}
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
