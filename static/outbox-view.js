// What one sees of the outbox (outbox.js, which loads this where it is needed): the line on its state, the page /outbox,
// and a form filled in again with what was written before.
(() => {
  "use strict";
  const { read, change, atomic, got, ask, wake, say, element, isLapsed } = window.outbox;
  const me = document.body.dataset;
  const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const OLD = 3 * DAY; // unsent for so long is said in red
  const $ = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // ---- The line (#outbox-line) ----
  const age = (at) => {
    const passed = Math.max(0, Date.now() - at);
    return passed < MINUTE ? "刚刚" : passed < HOUR ? `${Math.floor(passed / MINUTE)} 分钟前`
      : passed < DAY ? `${Math.floor(passed / HOUR)} 小时前` : `${Math.floor(passed / DAY)} 天前`;
  };
  // Numbers that this phone gave out, that it does not hold any more and the server never got.
  const gaps = ({ rows, device, discarded }, status) => {
    const known = new Set([...rows.map((row) => row.number), ...discarded]), missing = new Set(status.missing), lost = [];
    for (let number = 1; number <= device.number; number++) {
      if (!known.has(number) && (missing.has(number) || number > status.highest)) lost.push(number);
    }
    return lost;
  };
  const line = async (held) => {
    const { rows, device, discarded } = held, mine = rows.filter((row) => row.owner === me.owner);
    const waiting = mine.filter((row) => row.state === "waiting"), mend = mine.length - waiting.length;
    const others = new Map(), parts = [];
    for (const row of rows) if (row.owner !== me.owner) others.set(row.who, (others.get(row.who) || 0) + 1);
    if (waiting.length) parts.push(`${waiting.length} 条待发送（最早：${age(Date.parse(waiting[0].claimed))}）`);
    if (mend) parts.push(`${mend} 条需处理`);
    for (const [who, count] of others) parts.push(`${who || "其他人"}有 ${count} 条，本人登录后发出`);
    if (isLapsed() && waiting.length) parts.push("登录后继续发送");
    const old = mine.some((row) => Date.now() - Date.parse(row.claimed) > OLD);
    if (!me.owner || !device) return [parts.join("；"), old];
    const status = (await ask(`/outbox/status?device=${device.id}`)).json;
    const lost = status ? gaps(held, status) : [];
    if (lost.length) parts.push(`第 ${lost.join("、")} 号没有收讫，请告诉社区`);
    else if (status && !rows.length) parts.push(`本机 ${device.number - discarded.length} 条，全部已收讫`);
    return [parts.join("；"), old || lost.length];
  };
  // ---- The page /outbox ----
  // Open the page with the form; resume() fills it in there.
  const reopen = (draft, page) => {
    sessionStorage.setItem("draft", JSON.stringify(draft));
    location.assign(page);
  };
  const item = (row, title, under, actions) => {
    const node = $("outbox-row").content.cloneNode(true).firstElementChild;
    for (const slot of node.querySelectorAll("[data-slot]")) {
      slot.textContent = { title, under, message: row.message, text: row.text }[slot.dataset.slot] || "";
      if (!slot.textContent) (slot.closest("details") || slot).hidden = true;
    }
    for (const button of node.querySelectorAll("[data-do]")) {
      button.hidden = !actions.includes(button.dataset.do);
      button.onclick = () => act[button.dataset.do](row, button);
    }
    return node;
  };
  const list = (held) => {
    if (!$("outbox-row")) return;
    const state = (row) => row.owner !== me.owner ? "others" : row.state;
    for (const list of all("[data-rows]")) {
      const kind = list.dataset.rows;
      const nodes = kind === "sent"
        ? held.log.filter((one) => one.owner === me.owner).map((one) => item(one, `第 ${one.number} 号 ${one.title}`, `${age(one.at)}收讫`, []))
        : held.rows.filter((row) => state(row) === kind).map((row) => kind === "others"
          ? item({}, row.who || "其他人", `${age(Date.parse(row.claimed))}写下，本人登录后发出`, [])
          : item(row, `第 ${row.number} 号 ${row.title}`, `${age(Date.parse(row.claimed))}写下`,
            kind === "mend" ? ["mend", "again", "hand", "copy", "export", "discard"] : ["copy", "export", "discard"]));
      list.replaceChildren(...nodes);
      list.closest("section").hidden = !nodes.length;
    }
    const none = $("outbox-none");
    if (none) none.hidden = Boolean(held.rows.length || held.log.length);
  };
  const text = (row) => `${row.title}\n第 ${row.number} 号，${new Date(row.claimed).toLocaleString("zh-CN")} 写于本机\n${row.text}`;
  const act = {
    mend: (row) => reopen({ id: row.id, action: row.action }, row.page),
    again: (row) => change(row, { state: "waiting", tries: 0, next: 0 }).then(wake),
    hand: (row) => change(row, { state: "waiting", hand: true, tries: 0, next: 0 }).then(wake),
    copy: (row, button) => navigator.clipboard.writeText(text(row)).then(() => { button.textContent = "已复制"; }, () => say("due", "这台手机不让复制，请用“存成文件”。")),
    export: (row) => {
      const link = element("a", "", { href: URL.createObjectURL(new Blob([text(row)], { type: "text/plain" })), download: `待发送-${row.number}.txt` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), MINUTE);
    },
    discard: async (row, button) => {
      if (!button.dataset.sure) {
        button.dataset.sure = "1";
        button.textContent = "真的丢弃，不再发送";
        return;
      }
      await atomic(async (rows, log, meta) => {
        await got(rows.delete(row.id));
        await got(meta.put([...((await got(meta.get("discarded"))) || []), row.number], "discarded"));
      });
      await show();
    },
  };

  // ---- Mending: the form again, filled in ----
  const fill = (form, fields, photos = []) => {
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "submit") continue;
      const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
      const chosen = (value) => form.querySelector(`[type=radio][name="${field.name}"][value="${CSS.escape(value)}"]`);
      if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
      else if (field.files) {
        const carried = new DataTransfer();
        for (const photo of photos.filter((one) => one.name === field.name)) carried.items.add(new File([photo.bytes], photo.file, { type: photo.type }));
        field.files = carried.files;
      } else if (field.multiple) for (const option of field.options) option.selected = values.includes(option.value);
      else field.value = values.find((value) => !chosen(value)) ?? "";
      const folded = field.closest("details");
      if (folded && (field.checked || (!field.matches("[type=radio], [type=checkbox]") && field.value))) folded.open = true;
    }
  };
  const resume = async () => {
    const draft = JSON.parse(sessionStorage.getItem("draft"));
    if (!draft) return;
    sessionStorage.removeItem("draft");
    const form = all("form[data-outbox]").find((one) => one.getAttribute("action") === draft.action);
    // A form that the page fetches when it is asked for stands on the page of its own address.
    if (!form && location.pathname !== draft.action) return reopen(draft, draft.action);
    if (!form) return say("due", "这一页现在没有那份表单，可能事情有了变化。原来的内容没有动。");
    const row = draft.id && (await read()).rows.find((one) => one.id === draft.id);
    fill(form, (row || draft).fields, row?.photos);
    if (!row) return;
    form.elements.submission_id.value = row.id;
    sessionStorage.setItem("kept", row.id);
    say("due", row.message);
  };

  const show = async () => {
    if (!$("outbox-line") && !$("outbox-row")) return;
    const held = await read();
    list(held);
    const place = $("outbox-line");
    if (!place) return;
    const [said, bad] = await line(held);
    place.textContent = said;
    place.hidden = !said;
    place.classList.toggle("overdue", Boolean(bad));
  };

  $("outbox-send")?.addEventListener("click", async () => {
    for (const row of (await read()).rows) if (row.next && row.status !== 429) await change(row, { next: 0 });
    wake();
  });
  const kept = document.documentElement.dataset.kept;
  if (kept) say("due", `没有网络。这是${age(Date.parse(kept))}看到的内容。`);
  document.addEventListener("outbox:change", show);
  resume().then(show);
})();
