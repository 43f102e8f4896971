// Before the page is painted: the theme that was chosen, if one was.
(() => {
	try {
		const chosen = localStorage.getItem("redstart-theme");
		if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
	} catch {
		// A browser may forbid storage for files; then the theme is the system's.
	}
})();
