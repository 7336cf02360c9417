// Numbers of things, by the plural rules of a language.

/** The forms of a noun; `other` is the one that every language has. */
export type Forms = { readonly other: string } & { readonly [Rule in Intl.LDMLPluralRule]?: string };

/** `1 container`, `1,200 containers`. */
export function counting(locale: string): (number: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(locale);
  const digits = new Intl.NumberFormat(locale);
  return (number, forms) => `${digits.format(number)} ${forms[rules.select(number)] ?? forms.other}`;
}
