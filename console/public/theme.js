// Before the first paint, so that a chosen theme does not flash the other one.
try {
  const theme = localStorage.getItem('gesso.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme stays.
}
