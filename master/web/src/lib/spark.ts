// The line of a small picture.

/** An SVG path through percentages, `null` where there is a gap; a value between two gaps is a dot of its own. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const stepX = values.length < 2 ? 0 : width / (values.length - 1);
  const y = (value: number) => height - (Math.min(100, Math.max(0, value)) / 100) * height;
  const round = (value: number) => Math.round(value * 10) / 10;
  let path = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const point = `${round(index * stepX)} ${round(y(value))}`;
    const goesOn = index > 0 && values[index - 1] !== null;
    const isAlone = !goesOn && (values[index + 1] ?? null) === null;
    path += goesOn ? `L${point}` : `M${point}${isAlone ? "h0.1" : ""}`;
  });
  return path;
}
