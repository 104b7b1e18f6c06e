/** One line of a chart; `y` of each `x` in data units. */
export interface ChartLine {
  readonly title: string;
  readonly colour: string;
  readonly isDashed?: boolean;
  /** Points without a line between them. */
  readonly isDots?: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What a chart shows. Values outside the axes are drawn at their edge. */
export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: { readonly min: number; readonly max: number; readonly ticks: readonly number[] };
  readonly y: { readonly min: number; readonly max: number; readonly ticks: readonly number[] };
  readonly lines: readonly ChartLine[];
}

const WIDTH = 960;
const PLOT = { left: 70, top: 46, width: 540, height: 400 };
const LEGEND_LEFT = PLOT.left + PLOT.width + 24;
const LEGEND_LINE = 19;
const FONT = 'font-family="system-ui, sans-serif"';
const INK = '#24292f';
const GRID = '#d0d7de';

/** The first seven stay apart for readers who see colours differently (Okabe and Ito, 2008). */
export const CHART_COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#000000',
  '#7f7f7f',
  '#8c564b',
  '#b5bd00',
  '#4b0082',
  '#ff6f91',
  '#005f56',
] as const;

const fixed = (value: number): string => String(Math.round(value * 10) / 10);
const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A chart as SVG text: no script, no font of its own, readable on any background. */
export function chartToSvg(chart: LineChart): string {
  const height = Math.max(PLOT.top + PLOT.height + 60, PLOT.top + chart.lines.length * LEGEND_LINE + 30);
  const toX = (x: number): number =>
    PLOT.left + ((clamp(x, chart.x) - chart.x.min) / (chart.x.max - chart.x.min)) * PLOT.width;
  const toY = (y: number): number =>
    PLOT.top + (1 - (clamp(y, chart.y) - chart.y.min) / (chart.y.max - chart.y.min)) * PLOT.height;
  const bottom = PLOT.top + PLOT.height;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escapeXml(chart.title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(PLOT.left, 26, chart.title, 'start', 16),
    ...chart.y.ticks.flatMap((tick) => [
      line(PLOT.left, toY(tick), PLOT.left + PLOT.width, toY(tick), tick === 0 ? INK : GRID),
      text(PLOT.left - 8, toY(tick) + 4, String(tick), 'end'),
    ]),
    ...chart.x.ticks.flatMap((tick) => [
      line(toX(tick), bottom, toX(tick), bottom + 5, INK),
      text(toX(tick), bottom + 19, String(tick), 'middle'),
    ]),
    line(PLOT.left, PLOT.top, PLOT.left, bottom, INK),
    line(PLOT.left, bottom, PLOT.left + PLOT.width, bottom, INK),
    text(PLOT.left + PLOT.width / 2, bottom + 42, chart.xLabel, 'middle'),
    `<text x="18" y="${PLOT.top + PLOT.height / 2}" ${FONT} font-size="13" fill="${INK}" text-anchor="middle" transform="rotate(-90 18 ${PLOT.top + PLOT.height / 2})">${escapeXml(chart.yLabel)}</text>`,
    ...chart.lines.flatMap((drawn, index) => drawLine(drawn, index, toX, toY)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function drawLine(
  drawn: ChartLine,
  index: number,
  toX: (x: number) => number,
  toY: (y: number) => number,
): string[] {
  const legendY = PLOT.top + 8 + index * LEGEND_LINE;
  const dash = drawn.isDashed === true ? ' stroke-dasharray="7 4"' : '';
  const path = drawn.points.map(({ x, y }) => `${fixed(toX(x))},${fixed(toY(y))}`).join(' ');
  const dots = drawn.points.map(
    ({ x, y }) => `<circle cx="${fixed(toX(x))}" cy="${fixed(toY(y))}" r="2.5" fill="${drawn.colour}"/>`,
  );
  const stroke = `stroke="${drawn.colour}" stroke-width="2"${dash}`;
  const curve = drawn.isDots === true ? [] : [`<polyline points="${path}" fill="none" ${stroke}/>`];
  const marks = drawn.isDashed === true ? [] : dots;
  const key =
    drawn.isDots === true
      ? `<circle cx="${LEGEND_LEFT + 13}" cy="${legendY}" r="3" fill="${drawn.colour}"/>`
      : `<line x1="${LEGEND_LEFT}" y1="${legendY}" x2="${LEGEND_LEFT + 26}" y2="${legendY}" ${stroke}/>`;
  return [...curve, ...marks, key, text(LEGEND_LEFT + 34, legendY + 4, drawn.title, 'start', 12)];
}

function clamp(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value));
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${colour}"/>`;
}

function text(x: number, y: number, content: string, anchor: string, size = 13): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${FONT} font-size="${size}" fill="${INK}" text-anchor="${anchor}">${escapeXml(content)}</text>`;
}
