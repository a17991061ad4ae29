// Before the first paint, so that a chosen theme does not flash the other one, and so that the
// frame that waits for the scripts is the one of who is in.
try {
  const root = document.documentElement;
  const theme = localStorage.getItem('gesso.theme');
  if (theme === 'dark' || theme === 'light') root.dataset.theme = theme;
  if (sessionStorage.getItem('gesso.key')) root.dataset.in = '';
} catch {
  // Storage is switched off: the system's theme stays.
}
