// The outbox: what is written here arrives exactly once, under the name of who wrote it, with signal or without.
//
// A form marked data-outbox is saved on the phone (IndexedDB) first and sent then. A row leaves the phone only against a
// JSON receipt that names its submission id: a login page, a captive portal, a redirect, an error or silence is none.
// The server does each id once, so sending again is always safe. It works without the service worker (sw.js), and where
// nothing can be stored on the phone the forms are sent as without this file. It knows no particular form.
(() => {
  "use strict";
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
  const PATIENCE = 8 * SECOND; // so long a person waits for the answer before going on
  const SILENCE = 30 * SECOND; // so long a request may take
  const LEASE = 2 * SILENCE + 30 * SECOND; // a tab that sends and has not been heard of for so long is gone
  const LONGEST = 5 * MINUTE; // between two tries
  const SIDE = 1280, QUALITY = 0.8; // of photos; the server keeps them no larger
  const ROOM = 5e6; // bytes that should be free before somebody writes
  const LOGGED = 100; // of what was sent, so many are listed
  const REFUSED = [400, 403, 404, 405, 409, 413, 422];
  const STORES = ["rows", "log", "meta"];
  const me = document.body.dataset; // owner, who, post, version: of this page; outboxView: address of outbox-view.js
  const $ = (id) => document.getElementById(id);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const uuid = () => crypto.randomUUID?.() ?? "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g,
    () => (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16));
  const tab = uuid();

  // ---- The store: rows not yet received, a log of what was, and meta (device, lease, discarded numbers). ----
  let opening;
  const open = () => opening ||= new Promise((resolve, reject) => {
    const request = indexedDB.open("outbox", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("rows", { keyPath: "id" });
      request.result.createObjectStore("log", { keyPath: "number" });
      request.result.createObjectStore("meta");
    };
    request.onsuccess = () => {
      const db = request.result;
      // Phones close the connection by themselves, and a newer page may want to change the stores.
      db.onclose = db.onversionchange = () => { db.close(); opening = null; };
      resolve(db);
    };
    request.onerror = () => { opening = null; reject(request.error); };
  });
  const got = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  // All of `work` or nothing; it may wait for requests of its own stores and for nothing else.
  const atomic = async (work, mode = "readwrite") => {
    let tx;
    try {
      tx = (await open()).transaction(STORES, mode, { durability: "strict" });
    } catch (error) {
      if (error.name !== "InvalidStateError") throw error;
      opening = null; // it was closed behind our back
      tx = (await open()).transaction(STORES, mode, { durability: "strict" });
    }
    const ended = new Promise((resolve, reject) => {
      tx.oncomplete = resolve;
      tx.onabort = () => reject(tx.error || new Error("aborted"));
    });
    return (await Promise.all([work(...STORES.map((name) => tx.objectStore(name))), ended]))[0];
  };
  const read = () => atomic(async (rows, log, meta) => ({
    rows: (await got(rows.getAll())).sort((a, b) => a.number - b.number),
    log: (await got(log.getAll())).reverse(),
    device: await got(meta.get("device")),
    discarded: (await got(meta.get("discarded"))) || [],
  }), "readonly");
  // Only while it still is what it was: it may have been mended meanwhile.
  const change = (row, news) => atomic(async (rows) => {
    const now = await got(rows.get(row.id));
    if (now && now.sha === row.sha) await got(rows.put({ ...now, ...news }));
  });

  // ---- Writing ahead ----
  const shrink = async (name, file) => {
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
      return { name, file: "photo.jpg", type: "image/jpeg", bytes: await blob.arrayBuffer() };
    } catch { // not a photo that this phone can read: the server says what it thinks of it
      return { name, file: file.name, type: file.type, bytes: await file.arrayBuffer() };
    }
  };
  // The form in words, for people: 结果怎样：已办结
  const plain = (node) => {
    const copy = node?.cloneNode(true);
    copy?.querySelectorAll(".opt, .hint").forEach((extra) => extra.remove());
    return copy?.textContent.trim() || "";
  };
  const words = (form) => {
    const said = new Map();
    for (const field of form.elements) {
      const choice = field.type === "radio" || field.type === "checkbox";
      if (!field.name || field.type === "hidden" || field.type === "submit" || (choice && !field.checked)) continue;
      const label = field.labels?.[0], group = field.closest("fieldset");
      const title = plain(group ? group.querySelector("legend") : label);
      const value = choice ? (group ? plain(label) : "是") : field.files ? field.files.length && `${field.files.length} 个文件`
        : field.selectedOptions ? [...field.selectedOptions].map((option) => option.text).join("、") : field.value;
      if (value) said.set(title, said.has(title) ? `${said.get(title)}、${value}` : value);
    }
    return [...said].map(([title, value]) => `${title}：${value}`).join("\n");
  };
  const digest = async (row) => {
    if (!crypto.subtle) return row.claimed; // pages without https have none
    const parts = [JSON.stringify([row.action, row.fields]), ...row.photos.map((photo) => photo.bytes)];
    const sum = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
    return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const save = async (form, submitter) => {
    const data = new FormData(form), id = data.get("submission_id");
    if (submitter?.name) data.append(submitter.name, submitter.value);
    for (const name of ["csrf_token", "submission_id"]) data.delete(name);
    const row = {
      owner: me.owner, who: me.who, post: me.post, version: me.version, action: form.getAttribute("action"),
      page: location.pathname + location.search, title: plain(document.querySelector("h1")), text: words(form),
      claimed: new Date().toISOString(), fields: [], photos: [], state: "waiting", tries: 0, next: 0,
    };
    for (const [name, value] of data) {
      if (typeof value === "string") row.fields.push([name, value]);
      else if (value.size) row.photos.push(await shrink(name, value));
    }
    row.sha = await digest(row);
    const saved = await atomic(async (rows, log, meta) => {
      const before = await got(rows.get(id));
      if (before && before.sha === row.sha && before.state === "waiting") return before; // tapped twice
      const mended = before?.state === "mend" && sessionStorage.getItem("kept") === id;
      const device = (await got(meta.get("device"))) || { id: uuid(), number: 0 };
      // A page shown from memory brings an id that is taken: that row must stay.
      row.id = before && !mended ? uuid() : id;
      row.device = device.id;
      row.number = mended ? before.number : ++device.number;
      await got(meta.put(device, "device"));
      await got(rows.put(row));
      return row;
    });
    sessionStorage.setItem("kept", saved.id);
    form.elements.submission_id.value = saved.id;
    return saved;
  };

  // ---- Sending ----
  let busy = false, silent = 0, failures = 0, timer, login = me.owner, lapsed = false;
  const backOff = (tries) => Math.min(LONGEST, SECOND * 2 ** tries) * (0.5 + Math.random() / 2);
  const ask = async (url, options = {}) => {
    const stop = new AbortController(), alarm = setTimeout(() => stop.abort(), SILENCE);
    try {
      const answer = await fetch(url, { cache: "no-store", redirect: "manual", signal: stop.signal, ...options,
        headers: { Accept: "application/json", ...options.headers } });
      const json = /json/.test(answer.headers.get("Content-Type")) ? await answer.json() : null;
      return { status: answer.status, json, wait: Number(answer.headers.get("Retry-After")) * SECOND || 0 };
    } catch {
      return { status: 0, json: null, wait: 0 };
    } finally {
      clearTimeout(alarm);
    }
  };
  const post = (row, csrf) => {
    const body = new FormData();
    body.append("csrf_token", csrf);
    body.append("submission_id", row.id);
    body.append("outbox_text", row.text);
    for (const [name, value] of row.fields) body.append(name, value);
    for (const photo of row.photos) body.append(photo.name, new Blob([photo.bytes], { type: photo.type }), photo.file);
    return ask(row.action, { method: "POST", body, headers: {
      "X-Outbox": "1", "X-Outbox-Device": row.device, "X-Outbox-Number": row.number, "X-Outbox-Claimed-At": row.claimed,
      "X-Outbox-Owner": row.owner, "X-Outbox-Post": row.post, "X-Outbox-Page": row.page, ...(row.hand && { "X-Outbox-Hand-Over": "1" }),
    } });
  };
  const received = (row, receipt) => atomic(async (rows, log) => {
    const now = await got(rows.get(row.id));
    if (now && now.sha === row.sha) await got(rows.delete(row.id));
    await got(log.put({ number: row.number, id: row.id, owner: row.owner, title: row.title, at: Date.now(), url: receipt.url,
      message: receipt.message }));
    await got(log.delete(IDBKeyRange.upperBound(row.number - LOGGED)));
  });
  // Try one row; false: no use in trying the others now.
  const deliver = async (row) => {
    const token = (await ask("/outbox/token")).json;
    if (typeof token?.csrf !== "string") return hush();
    login = token.owner;
    lapsed = login !== row.owner && !login;
    if (login !== row.owner) return !lapsed; // another person's: shown, never sent
    const { status, json, wait } = await post(row, token.csrf);
    if (status >= 200 && status < 300 && json?.submission_id === row.id) {
      failures = 0;
      await received(row, json);
      return true;
    }
    if (status === 401 && json) {
      lapsed = true;
      return hush();
    }
    if ((json && REFUSED.includes(status)) || status === 413) {
      const updated = status === 422 && token.version !== row.version ? "（这份表单有过更新，请打开核对）" : "";
      await change(row, { state: "mend", hand: false, status, message: (json?.message || "内容太大，请减少照片。") + updated });
      return true;
    }
    if (status === 429 || status >= 500) {
      const tries = row.tries + 1;
      await change(row, { tries, status, next: Date.now() + Math.max(wait, backOff(tries)) });
      return status === 429 || !json ? hush(wait) : true;
    }
    return hush(); // silence, a redirect, somebody else's page: as good as no signal
  };
  const hush = (wait = 0) => {
    silent = Date.now() + Math.max(wait, backOff(++failures));
    return false;
  };
  // A clock that was set back must not hold a row for days.
  const due = (row) => row.state === "waiting" && (row.next <= Date.now() || row.next > Date.now() + HOUR);
  // One sender at a time over all tabs.
  const alone = async (work) => {
    if (navigator.locks) return navigator.locks.request("outbox", { ifAvailable: true }, (lock) => lock && work());
    const hold = () => atomic(async (rows, log, meta) => {
      const lease = await got(meta.get("lease"));
      if (lease && lease.tab !== tab && Math.abs(Date.now() - lease.at) < LEASE) return false;
      await got(meta.put({ tab, at: Date.now() }, "lease"));
      return true;
    });
    if (!(await hold())) return;
    try {
      await work(hold);
    } finally {
      await atomic((rows, log, meta) => got(meta.delete("lease")));
    }
  };
  const flush = async () => {
    if (busy) return;
    clearTimeout(timer);
    if (silent > Date.now() && silent < Date.now() + HOUR) {
      timer = setTimeout(flush, silent - Date.now() + 1);
      return;
    }
    busy = true;
    try {
      await alone(async (renew) => {
        const tried = new Set();
        for (;;) {
          const row = (await read()).rows.find((one) => due(one) && !tried.has(one.id) && one.owner === (login || one.owner));
          if (!row) break;
          tried.add(row.id);
          await renew?.();
          if (!(await deliver(row))) break;
        }
      });
      const times = (await read()).rows.filter((row) => row.state === "waiting" && row.owner === login)
        .map((row) => Math.max(row.next, silent));
      if (times.length) timer = setTimeout(flush, Math.min(LONGEST, Math.max(SECOND, Math.min(...times) - Date.now())));
    } catch { // the store went away; the next occasion tries again
    } finally {
      busy = false;
    }
    show();
  };
  const wake = () => {
    if (document.hidden) return;
    silent = failures = 0;
    login = me.owner;
    return flush();
  };

  // ---- The form on the screen ----
  let blocked = !window.indexedDB;
  const element = (tag, text, news = {}) => Object.assign(document.createElement(tag), { textContent: text, ...news });
  const say = (kind, text, ...links) => {
    const said = element("div", "", { className: "stack grow" }), box = element("div", "", { className: `note ${kind}` });
    said.append(element("p", text));
    if (links.length) said.append(element("div", "", { className: "acts" }));
    said.lastChild.append(...links);
    box.append(said);
    $("messages")?.replaceChildren(box);
    box.scrollIntoView({ block: "nearest" });
  };
  const cannotKeep = () => say("due", "这台手机现在存不下未发送的内容。请在有网络时提交，没有网络时先记在别处。");
  const still = (form, off) => {
    for (const button of form.querySelectorAll("button")) button.disabled = off;
    if (off) form.dataset.busy = "1";
    else delete form.dataset.busy;
  };
  // As if this file were not there.
  const pass = (form, submitter) => {
    still(form, false);
    form.dataset.pass = "1";
    form.requestSubmit(submitter);
    delete form.dataset.pass;
  };
  const outcome = async (row) => {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(150)) {
      flush();
      const { rows, log } = await read();
      const waiting = rows.find((one) => one.id === row.id);
      if (!waiting) return log.find((one) => one.id === row.id);
      if (waiting.state === "mend" || waiting.tries || lapsed || (!busy && silent > Date.now())) return waiting;
    }
    return row;
  };
  const anew = (form) => {
    form.reset();
    form.elements.submission_id.value = uuid();
    form.hidden = false;
    $("messages")?.replaceChildren();
    form.querySelector("input:not([type=hidden]), textarea")?.focus();
  };
  const take = async (form, submitter) => {
    still(form, true);
    let row;
    try {
      row = await save(form, submitter);
    } catch {
      blocked = true;
      cannotKeep();
      return pass(form, submitter);
    }
    silent = 0;
    lapsed = false;
    navigator.storage?.persist?.().catch(() => {});
    const end = await outcome(row);
    if (end?.url) {
      if (end.message) sessionStorage.setItem("said", end.message);
      return location.assign(end.url);
    }
    // Wrong input: the page itself shows it best.
    if (end?.status === 422) return pass(form, submitter);
    still(form, false);
    if (end?.state === "mend") return say("overdue", end.message);
    form.hidden = true;
    const again = form.dataset.outbox && element("button", form.dataset.outbox, { type: "button", className: "btn main", onclick: () => anew(form) });
    const see = lapsed ? element("a", "去登录", { href: "/login", className: "btn main" })
      : element("a", "看待发送的", { href: "/outbox", className: "btn plain" });
    say("done", lapsed ? "已存到本机，登录后自动发出。" : "已存到本机，有网时自动发出。", ...(again ? [again, see] : [see]));
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("action") === "/logout") navigator.serviceWorker?.controller?.postMessage("wipe");
    if (!form.matches("[data-outbox]") || form.dataset.pass || blocked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!form.dataset.busy) take(form, event.submitter);
  }, true);
  // Said before anybody writes: whether it could be kept.
  const probe = async () => {
    try {
      if (blocked) throw blocked;
      await atomic((rows, log, meta) => got(meta.put(new ArrayBuffer(1e5), "probe")).then(() => got(meta.delete("probe"))));
      const { quota, usage } = (await navigator.storage?.estimate?.()) || {};
      if (quota && quota - usage < ROOM) cannotKeep();
    } catch {
      blocked = true;
      cannotKeep();
    }
  };

  // ---- Occasions ----
  // What one sees of it, and forms to be filled in again, is a script of its own: few pages need it.
  const show = () => document.dispatchEvent(new Event("outbox:change"));
  window.outbox = { read, change, atomic, got, ask, wake, say, element, isLapsed: () => lapsed };
  const begin = async () => {
    const said = sessionStorage.getItem("said");
    sessionStorage.removeItem("said");
    if (said) say("done", said);
    const form = document.querySelector("form[data-outbox]"), kept = document.documentElement.dataset.kept;
    // A page kept by the service worker may be shown many times: each form on it needs an id of its own.
    if (kept) for (const field of document.querySelectorAll("form[data-outbox] [name=submission_id]")) field.value = uuid();
    if (form) await probe();
    if (blocked) return;
    // A phone that never wrote anything has nothing to say about it.
    const used = () => read().then(({ device }) => device, () => true);
    const wanted = kept || sessionStorage.getItem("draft") || $("outbox-row");
    if (wanted || ($("outbox-line") && await used())) import(me.outboxView).catch(() => {});
    wake();
  };
  // The page that a link leads to fills its form in with what the link carries.
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("[data-draft]");
    if (link) sessionStorage.setItem("draft", link.dataset.draft);
  });
  for (const name of ["online", "pageshow"]) window.addEventListener(name, wake);
  document.addEventListener("visibilitychange", wake);
  begin().catch(() => {});
  navigator.serviceWorker?.register("/sw.js").catch(() => {});
})();
