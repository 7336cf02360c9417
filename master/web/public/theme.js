// Applies the remembered theme before anything is painted; src/lib/theme.svelte.ts owns the key and changes it.
try {
  const theme = localStorage.getItem("neon.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's preference applies.
}
