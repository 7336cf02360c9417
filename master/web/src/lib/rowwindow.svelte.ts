// The rows of a long list that the window shows, as one scrolls.

import type { Attachment } from "svelte/attachments";

import { paper } from "./paper.svelte";
import { PRINTED_MAX, rowsIn, type Rows } from "./rows";

export class RowWindow {
  #abovePx = $state(0);
  #windowPx = $state(0);
  #rowPx = $state(0);
  #total: () => number;
  #inRow: () => number;

  /** Of `total` rows, each with so many things in it. */
  constructor(total: () => number, inRow: () => number = () => 1) {
    this.#total = total;
    this.#inRow = inRow;
  }

  readonly #rows: Rows = $derived.by(() => {
    if (paper.isWanted) return { first: 0, end: Math.min(this.#total(), Math.ceil(PRINTED_MAX / this.#inRow())) };
    return rowsIn(this.#total(), this.#abovePx, this.#windowPx, this.#rowPx, this.#inRow());
  });

  /** The first row that is made, and the one after the last. */
  get first(): number {
    return this.#rows.first;
  }
  get end(): number {
    return this.#rows.end;
  }

  /** Height of what is left out above and below, pixels. */
  get beforePx(): number {
    return this.first * this.#rowPx;
  }
  get afterPx(): number {
    return paper.isWanted ? 0 : (this.#total() - this.end) * this.#rowPx;
  }

  /** For the element that holds the rows. `row` finds one of them, whose height all have. */
  around(row: string, gapPx = 0): Attachment<HTMLElement> {
    return (element) => {
      const measure = () => {
        const made = element.querySelector(row);
        if (made !== null) this.#rowPx = made.getBoundingClientRect().height + gapPx;
        this.#windowPx = innerHeight;
        this.#abovePx = -element.getBoundingClientRect().top;
      };
      const observer = new ResizeObserver(measure);
      observer.observe(element);
      addEventListener("scroll", measure, { passive: true });
      addEventListener("resize", measure);
      return () => {
        observer.disconnect();
        removeEventListener("scroll", measure);
        removeEventListener("resize", measure);
      };
    };
  }
}
