// Before the first paint: the theme that the user chose, so that the page does not flash in the other one.
try {
  const { theme } = JSON.parse(localStorage.getItem('beagle.preferences') ?? '{}')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {}
