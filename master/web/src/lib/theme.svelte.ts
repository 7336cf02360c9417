// Light or dark: the viewer's choice where there is one, else the system's.

export type Theme = "light" | "dark";

/** Also read by public/theme.js, before the first paint. */
const STORAGE_KEY = "neon.theme";

const system = matchMedia("(prefers-color-scheme: dark)");
let systemTheme = $state<Theme>(system.matches ? "dark" : "light");
let chosen = $state<Theme | undefined>(applied());

system.addEventListener("change", (event) => {
  systemTheme = event.matches ? "dark" : "light";
});

export const theme = {
  /** What is on screen. */
  get current(): Theme {
    return chosen ?? systemTheme;
  },

  /** Shows the other theme and remembers it. */
  toggle(): void {
    chosen = theme.current === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    try {
      localStorage.setItem(STORAGE_KEY, chosen);
    } catch {
      // Storage is blocked: the choice holds until the page is closed.
    }
  },
};

function applied(): Theme | undefined {
  const value = document.documentElement.dataset.theme;
  return value === "light" || value === "dark" ? value : undefined;
}
