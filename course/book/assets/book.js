// Search, theme, menu and the copy buttons. Everything else works without scripts.
"use strict";

const byId = (id) => document.getElementById(id);

// Theme: the button turns what is seen now.
byId("theme").addEventListener("click", () => {
	const root = document.documentElement;
	const dark = root.dataset.theme
		? root.dataset.theme === "dark"
		: matchMedia("(prefers-color-scheme: dark)").matches;
	root.dataset.theme = dark ? "light" : "dark";
	try {
		localStorage.setItem("redstart-theme", root.dataset.theme);
	} catch {
		// It holds for this page only.
	}
});

// Menu, on narrow screens.
const menu = byId("menu");
menu.addEventListener("click", () => {
	const open = document.body.classList.toggle("menu-open");
	menu.setAttribute("aria-expanded", String(open));
});
byId("side").querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
scrollTo({ top: location.hash ? scrollY : 0 });

// Copy buttons: text without the button's own.
for (const button of document.querySelectorAll(".copy")) {
	button.addEventListener("click", async () => {
		const code = button.closest("figure").querySelector("code");
		try {
			await navigator.clipboard.writeText(code.textContent);
			button.textContent = "copied";
		} catch {
			const range = document.createRange();
			range.selectNodeContents(code);
			getSelection().removeAllRanges();
			getSelection().addRange(range);
			button.textContent = "selected";
		}
		setTimeout(() => { button.textContent = "copy"; }, 1500);
	});
}

// Search. The index is loaded when it is first wanted.
const dialog = byId("search");
const query = byId("query");
const results = byId("results");
let index = null;

const loaded = () => index ??= new Promise((resolve) => {
	const script = document.createElement("script");
	script.src = "index.js";
	script.onload = () => resolve(window.INDEX);
	document.head.append(script);
});

const openSearch = () => {
	loaded();
	if (!dialog.open) dialog.showModal();
	query.select();
};
byId("search-open").addEventListener("click", openSearch);
document.addEventListener("keydown", (event) => {
	const typing = /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName);
	if (!typing && !event.ctrlKey && !event.metaKey && (event.key === "/" || event.key === "s")) {
		event.preventDefault();
		openSearch();
	}
});
dialog.addEventListener("click", (event) => {
	if (event.target === dialog) dialog.close();
});

// Every word must occur. Names and headings count more than text, the beginning of a word more than
// its middle, and a text that says a word often is more about it than one that says it once.
const MOST_TIMES = 6;
const times = (text, word) => {
	let sum = 0;
	for (let at = text.indexOf(word), found = 0; at >= 0 && found < MOST_TIMES; found++) {
		sum += at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]) ? 2 : 1;
		at = text.indexOf(word, at + word.length);
	}
	return sum;
};
const score = ([address, title, heading, text], words) => {
	const page = address.split(".html")[0];
	const parts = [[page, 8], [title, 6], [heading, 5], [text, 1]];
	let sum = 0;
	for (const word of words) {
		const points = parts.reduce((points, [part, weight]) =>
			points + weight * times(part.toLowerCase(), word), 0);
		if (points === 0) return 0;
		sum += points;
	}
	return sum;
};

// The text around the first word, with all words marked.
const excerpt = (text, words) => {
	const at = Math.max(0, text.toLowerCase().indexOf(words[0]));
	const from = Math.max(0, at - 60);
	const piece = (from > 0 ? "…" : "") + text.slice(from, from + 180) + (text.length > from + 180 ? "…" : "");
	const paragraph = document.createElement("p");
	const pattern = new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "gi");
	let last = 0;
	for (const found of piece.matchAll(pattern)) {
		paragraph.append(piece.slice(last, found.index));
		const mark = document.createElement("mark");
		mark.textContent = found[0];
		paragraph.append(mark);
		last = found.index + found[0].length;
	}
	paragraph.append(piece.slice(last));
	return paragraph;
};

query.addEventListener("input", async () => {
	const entries = await loaded();
	const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
	// A chapter that is all about it must not hide the others.
	const perPage = new Map();
	const isAmongFirst = ([, [address]]) => {
		const page = address.split("#")[0];
		perPage.set(page, (perPage.get(page) ?? 0) + 1);
		return perPage.get(page) <= 2;
	};
	const found = words.length === 0 ? [] : entries
		.map((entry) => [score(entry, words), entry])
		.filter(([points]) => points > 0)
		.sort(([left], [right]) => right - left)
		.filter(isAmongFirst)
		.slice(0, 20);
	results.replaceChildren(...found.map(([, [address, title, heading, text]]) => {
		const item = document.createElement("li");
		const link = document.createElement("a");
		link.href = address;
		link.textContent = heading ? `${title} · ${heading}` : title;
		link.addEventListener("click", () => dialog.close());
		item.append(link, excerpt(text, words));
		return item;
	}));
	byId("no-results").hidden = words.length === 0 || found.length > 0;
});
dialog.addEventListener("keydown", (event) => {
	const links = [...results.querySelectorAll("a")];
	const at = links.indexOf(document.activeElement);
	if (event.key === "Enter" && document.activeElement === query) links[0]?.click();
	if (event.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)]?.focus();
	if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : query).focus();
	if (event.key.startsWith("Arrow") && at + links.length >= 0 && event.key !== "ArrowLeft" && event.key !== "ArrowRight") {
		event.preventDefault();
	}
});
