// 能力检测: what this phone can do, asked of the browser itself. Nothing is sent before the person taps the button.
(async () => {
  "use strict";
  const storage = () => new Promise((resolve) => {
    try {
      const request = indexedDB.open("check");
      request.onsuccess = () => { request.result.close(); indexedDB.deleteDatabase("check"); resolve(true); };
      request.onerror = request.onblocked = () => resolve(false);
    } catch { resolve(false); }
  });
  const room = async () => {
    const { quota, usage } = await navigator.storage.estimate();
    const free = Math.round((quota - usage) / 1e6);
    return [free > 50, `还可以存约 ${free} 兆`];
  };
  // A field for photos opens the camera without https, too.
  const camera = async () => "capture" in document.createElement("input")
    || (await navigator.mediaDevices.enumerateDevices()).some((one) => one.kind === "videoinput");
  const asks = {
    script: () => true,
    storage,
    room,
    worker: () => "serviceWorker" in navigator && isSecureContext,
    camera,
    shrink: () => "createImageBitmap" in window,
    place: () => "geolocation" in navigator && isSecureContext,
  };
  const list = document.getElementById("abilities"), said = [];
  for (const row of list.querySelectorAll("li")) {
    let able = false, more = "";
    try {
      const found = await asks[row.id.slice(4)]();
      [able, more] = Array.isArray(found) ? found : [found, ""];
    } catch { /* what can't be asked is not there */ }
    const word = able ? list.dataset.yes : list.dataset.no, status = row.querySelector(".st");
    status.textContent = word;
    status.className = `st ${able ? "done" : "due"}`;
    said.push(`${row.querySelector(".t").textContent}：${word}${more && `，${more}`}`);
    if (more) row.querySelector(".sub").textContent += `（${more}）`;
  }
  said.push(`屏幕：${screen.width}×${screen.height}`, `浏览器：${navigator.userAgent}`);
  document.querySelector("#result textarea").value = said.join("\n");
})();
