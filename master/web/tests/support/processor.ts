// What a page asks of the processor, whatever else the machine does: the browser's trace says the processor time of the page's
// main thread at each mark of the page's own (`performance.mark`). And how fast that processor is, measured beside it in the same way.

import { expect, type Page } from "@playwright/test";

/**
 * How fast the processor is that figures are said for, as Lighthouse's BenchmarkIndex: the lower end of its high-end desktops, of
 * which a fourth is the slow phone that its "4x slow-down" stands for (Lighthouse, docs/throttling.md; docs/decisions/0114).
 */
export const REFERENCE_INDEX = 1_500;

/** How often each half of the benchmark does its work: an eighth of a second on the reference. */
const TIMES = 2_000;
/** Of its names in the trace; nothing of the page begins so. */
const MARK = "budget:";

/** Two clocks at a mark, milliseconds: since some moment, and of the main thread's processor time. */
export interface Moment {
  wallMs: number;
  processorMs: number;
}

interface TraceEvent {
  cat: string;
  name: string;
  ph: string;
  pid: number;
  ts: number;
  tts?: number;
}

export class Processor {
  #benchmarks = 0;

  private constructor(readonly page: Page) {}

  /** From here on marks are kept; one page of a browser at a time. */
  static async watch(page: Page): Promise<Processor> {
    const processor = new Processor(page);
    await page.context().browser()?.startTracing(page, { categories: ["blink.user_timing"] });
    // Code that has not run before is slower.
    await page.evaluate(benchmark, { mark: "warm-up ", times: TIMES });
    return processor;
  }

  /** The benchmark runs in the page now. Its outcome is one of `indexes`. */
  async benchmark(): Promise<void> {
    this.#benchmarks += 1;
    await this.page.evaluate(benchmark, { mark: `${MARK}benchmark ${this.#benchmarks} `, times: TIMES });
  }

  async mark(name: string): Promise<void> {
    await this.page.evaluate((mark) => void performance.mark(mark), MARK + name);
  }

  /** Every mark by its name, and how fast the processor was at each benchmark, as a BenchmarkIndex. */
  async end(): Promise<{ moments: Map<string, Moment>; indexes: number[] }> {
    const trace = await this.page.context().browser()?.stopTracing();
    const { traceEvents } = JSON.parse(String(trace)) as { traceEvents: TraceEvent[] };
    const marks = traceEvents.filter(({ cat, name }) => cat === "blink.user_timing" && name.startsWith(MARK));
    expect(new Set(marks.map(({ pid }) => pid)).size, "processes that the marks are of").toBe(1);
    const moments = new Map(marks.map(({ name, ts, tts = NaN }) => [name.slice(MARK.length), { wallMs: ts / 1000, processorMs: tts / 1000 }]));
    const at = (mark: string) => moments.get(mark)?.processorMs ?? NaN;
    const indexes = Array.from({ length: this.#benchmarks }, (_, index) => {
      const mark = `benchmark ${index + 1} `;
      const perSecond = (fromMs: number, toMs: number) => TIMES / ((toMs - fromMs) / 1000);
      // BenchmarkIndex is a tenth of the mean of both.
      return (perSecond(at(`${mark}strings`), at(`${mark}copies`)) + perSecond(at(`${mark}copies`), at(`${mark}end`))) / 2 / 10;
    });
    return { moments, indexes };
  }
}

/**
 * What Lighthouse's BenchmarkIndex does (core/lib/page-functions.js, computeBenchmarkIndex), so many times instead of so long: strings of
 * 10,000 characters are put together, which is work for the garbage collection, and 100,000 numbers are copied to and fro.
 */
function benchmark({ mark, times }: { mark: string; times: number }): number {
  const numbers: [number[], number[]] = [Array.from({ length: 100_000 }, (_, index) => index), Array.from({ length: 100_000 }, () => 0)];
  // What was made is looked at, or the compiler would leave the work out.
  let seen = 0;
  performance.mark(`${mark}strings`);
  for (let time = 0; time < times; time += 1) {
    let string = "";
    for (let length = 0; length < 10_000; length += 1) string += "a";
    seen += string.length;
  }
  performance.mark(`${mark}copies`);
  for (let time = 0; time < times; time += 1) {
    const [from, to] = time % 2 === 0 ? numbers : [numbers[1], numbers[0]];
    for (let index = 0; index < from.length; index += 1) to[index] = from[index] as number;
    seen += to.length;
  }
  performance.mark(`${mark}end`);
  return seen;
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** What so much processor time here would be on the reference. */
export function onReference(processorMs: number, index: number): number {
  return (processorMs * index) / REFERENCE_INDEX;
}
