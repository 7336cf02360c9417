// Numbers of things, by the plural rules of a language.

/** The forms of a noun; `other` is the one that every language has. */
export type Forms = { readonly other: string } & { readonly [Rule in Intl.LDMLPluralRule]?: string };

/** `1 container`, `1,200 containers`. */
export function counting(locale: string): (number: number, forms: Forms) => string {
  // Made with the first number: they take milliseconds, and every language of the page calls this before anything is shown.
  let rules: Intl.PluralRules | undefined;
  let digits: Intl.NumberFormat | undefined;
  return (number, forms) => {
    rules ??= new Intl.PluralRules(locale);
    digits ??= new Intl.NumberFormat(locale);
    return `${digits.format(number)} ${forms[rules.select(number)] ?? forms.other}`;
  };
}
