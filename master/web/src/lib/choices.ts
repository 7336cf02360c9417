// What a filter offers to choose from.

export interface Choice {
  value: string;
  label: string;
}

/** Each value once, by what it is shown as: `node-2` before `node-10`. */
export function choices(all: readonly Choice[]): Choice[] {
  const once = [...new Map(all.map((choice) => [choice.value, choice])).values()];
  return once.sort((a, b) => a.label.localeCompare(b.label, "en", { numeric: true }));
}

/** The same of values that are shown as they are; what is nothing is no choice. */
export function choicesOf(values: readonly (string | null | undefined)[]): Choice[] {
  return choices(values.flatMap((value) => (value == null || value === "" ? [] : { value, label: value })));
}
