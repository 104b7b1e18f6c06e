import type { DetectionRow } from './detection.js';
import { DETECTION_EPOCHS } from './detection.js';
import { CHART_COLOURS, type ChartLine, chartToSvg } from './line-chart.js';
import { MINT_RULE_SHORT_TITLES } from './mint-rules.js';
import type { ProfitRow } from './profit.js';
import type { EconomyResults } from './results.js';
import { STRATEGIES, type Strategy } from './strategies.js';

/** The plots of a run, by file name. */
export function resultsToCharts(results: EconomyResults): Readonly<Record<string, string>> {
  return {
    'profit-minting.svg': profitChart(
      results,
      'Farming the mint: profit in percent of the burn the law asks for the data',
      ({ stake }) => stake === 'burn',
      { min: -200, max: 200, ticks: [-200, -150, -100, -50, 0, 50, 100, 150, 200] },
    ),
    'profit-storing.svg': profitChart(
      results,
      'Cheating as provider or client: profit in percent of the price',
      ({ stake }) => stake === 'price',
      { min: -200, max: 50, ticks: [-200, -150, -100, -50, 0, 50] },
    ),
    'detection.svg': detectionChart(results.detection),
  };
}

const colourOf = (index: number): string => CHART_COLOURS[index % CHART_COLOURS.length] as string;

function profitChart(
  { hashPercents, profits }: EconomyResults,
  title: string,
  isShown: (strategy: Strategy) => boolean,
  y: { readonly min: number; readonly max: number; readonly ticks: readonly number[] },
): string {
  const shown = STRATEGIES.filter(isShown);
  const lines = profits.flatMap((row): readonly ChartLine[] => {
    const index = shown.findIndex(({ id }) => id === row.strategy);
    const strategy = shown[index];
    return strategy === undefined ? [] : [profitLine(strategy, row, hashPercents, colourOf(index))];
  });
  return chartToSvg({
    title,
    xLabel: 'share of the hash power, %',
    yLabel: 'profit, %',
    x: { min: 0, max: 100, ticks: [...hashPercents] },
    y,
    lines,
  });
}

function profitLine(
  strategy: Strategy,
  { rule, profitPercent }: ProfitRow,
  hashPercents: readonly number[],
  colour: string,
): ChartLine {
  return {
    title: rule === 'law' ? strategy.id : `${strategy.id} (${MINT_RULE_SHORT_TITLES[rule]})`,
    colour,
    isDashed: rule !== 'law',
    points: profitPercent.map((y, index) => ({ x: hashPercents[index] as number, y })),
  };
}

function detectionChart(rows: readonly DetectionRow[]): string {
  const lines = rows.flatMap(({ lostPercent, curve }, index): readonly ChartLine[] => {
    const line = (of: (point: DetectionRow['curve'][number]) => number) =>
      curve.map((point) => ({ x: point.epoch, y: of(point) * 100 }));
    const colour = colourOf(index);
    return [
      {
        title: `${lostPercent} % lost: caught`,
        colour,
        isDots: true,
        points: line(({ caught }) => caught),
      },
      {
        title: `${lostPercent} % lost: caught, formula`,
        colour,
        isDashed: true,
        points: line(({ caughtExpected }) => caughtExpected),
      },
      {
        title: `${lostPercent} % lost: failed`,
        colour: colourOf(index + rows.length),
        isDots: true,
        points: line(({ failed }) => failed),
      },
      {
        title: `${lostPercent} % lost: failed, formula`,
        colour: colourOf(index + rows.length),
        isDashed: true,
        points: line(({ failedExpected }) => failedExpected),
      },
    ];
  });
  return chartToSvg({
    title: 'Providers caught and contracts failed, by epoch; dots measured, dashes the formula',
    xLabel: 'epochs since the data was lost',
    yLabel: 'share of the contracts, %',
    x: { min: 0, max: DETECTION_EPOCHS, ticks: [1, 5, 10, 15, 20, 25, DETECTION_EPOCHS] },
    y: { min: 0, max: 100, ticks: [0, 20, 40, 60, 80, 100] },
    lines,
  });
}
