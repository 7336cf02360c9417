// Numbers of things, by the plural rules of a language.

/** The forms of a noun; `other` is the one that every language has. */
export type Forms = { readonly other: string } & { readonly [Rule in Intl.LDMLPluralRule]?: string };

/** `1 container`, `1,200 containers`. */
export function counting(locale: string): (number: number, forms: Forms) => string {
  // Made with the first number: they take milliseconds, and every language of the page calls this before anything is shown.
  let rules: Intl.PluralRules | undefined;
  let digits: Intl.NumberFormat | undefined;
  const written = (number: number) => {
    // Three digits are written alike everywhere; the first number format of a page takes longer than the whole list of servers.
    if (Number.isInteger(number) && number >= 0 && number < 1000) return String(number);
    digits ??= new Intl.NumberFormat(locale);
    return digits.format(number);
  };
  return (number, forms) => {
    rules ??= new Intl.PluralRules(locale);
    return `${written(number)} ${forms[rules.select(number)] ?? forms.other}`;
  };
}
