// Without signal: the shell, static files, and pages seen last, with their age. What is written goes through the outbox
// of the page (outbox.js), never through here. The server puts BUILD and SHELL before this text.
//
// It stays out of the way: a new worker waits until every page of the old one is closed, pages come from the network
// whenever there is one, and nothing but whole pages that the server marks is kept, of one person at a time.
const STATIC = `static-${BUILD}`, PAGES = "pages", OWNER = "/page-owner";
const PATIENCE = 8000;

addEventListener("install", (event) => {
  // Without cookies: the page for "no signal" must name nobody.
  const shell = SHELL.map((url) => new Request(url, { credentials: "omit", cache: "no-cache" }));
  event.waitUntil(caches.open(STATIC).then((cache) => cache.addAll(shell)));
});

addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("static-") && name !== STATIC;
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
    .then(() => clients.claim()));
});

addEventListener("message", (event) => {
  if (event.data === "wipe") event.waitUntil(caches.delete(PAGES));
});

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(event));
});

// A static file's address changes with its content.
const file = async (request) => {
  const cache = await caches.open(STATIC), kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).searchParams.has("v")) await cache.put(request, answer.clone());
  return answer;
};

const page = async (event) => {
  const { request } = event;
  const fresh = fetch(request).then((answer) => {
    event.waitUntil(keep(request, answer.clone()));
    return answer;
  });
  const kept = await seen(request);
  if (!kept) return fresh.catch(async () => (await caches.match("/offline")) || Response.error());
  const ours = (answer) => (answer.status >= 500 && !answer.headers.has("X-Page-Owner") ? kept : answer);
  return Promise.race([fresh.then(ours, () => kept), new Promise((resolve) => setTimeout(resolve, PATIENCE, kept))]);
};

// A page of somebody else, or of nobody, ends what was kept.
const keep = async (request, answer) => {
  const owner = answer.headers.get("X-Page-Owner");
  if (owner === null) return;
  const before = await (await caches.open(PAGES)).match(OWNER);
  if (!before || (await before.text()) !== owner) await caches.delete(PAGES);
  const cache = await caches.open(PAGES);
  await cache.put(OWNER, new Response(owner));
  if (!owner || !answer.ok || !answer.headers.has("X-Page-Keep")) return;
  const headers = new Headers(answer.headers);
  headers.set("X-Kept-At", new Date().toISOString());
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  await cache.put(request.url, new Response(await answer.blob(), { headers }));
};

// The page itself says its age, see outbox.js.
const seen = async (request) => {
  const cache = await caches.open(PAGES);
  const kept = (await cache.match(request.url)) || (await cache.match(request.url, { ignoreSearch: true }));
  if (!kept || kept.redirected) return null;
  const text = (await kept.text()).replace("<html ", `<html data-kept="${kept.headers.get("X-Kept-At")}" `);
  return new Response(text, { headers: kept.headers });
};
