/* The preview player: what viewers get, on an object's page. Nothing is loaded before somebody presses Play.
   It stops when the page is hidden, because every second that it plays is delivered and billed like a viewer's.
   No inline handlers and no eval; the video comes from blob: URLs, the stream from the playback URL's host. */
(() => {
  "use strict";

  const { text } = window.streamhub;
  const SETTINGS = {
    enableWorker: false, // a worker would need another source in the content security policy
    capLevelToPlayerSize: true,
    maxBufferLength: 12,
    backBufferLength: 12,
  };
  const RENEW_MS = 30_000; // before the end of a signature
  const LONGEST_MS = 2 ** 31 - 1; // of a timer
  let playing = null; // { stage, url, video, hls, query, timer }
  let library = null;

  const stages = () => document.querySelectorAll("[data-sh-preview]");
  const holderOf = (stage) => stage.closest("[data-sh-preview-url]");

  function say(stage, words, isProblem = false) {
    const note = stage.querySelector("[data-sh-preview-note]");
    note.textContent = words;
    note.classList.toggle("sh-preview-problem", isProblem);
  }

  function load(url) {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve(window.Hls);
      script.onerror = () => { library = null; reject(new Error(text("noPlayer"))); };
      document.head.append(script);
    });
    return library;
  }

  // --- signatures --------------------------------------------------------------------------------
  //
  // A playlist's segments do not inherit its query, so the player adds it to each request. A new one is
  // asked for before the old one ends.

  function signed(url, query) {
    return query ? `${url}${url.includes("?") ? "&" : "?"}${query}` : url;
  }

  async function sign(mine) {
    const { shPreviewSign: address } = holderOf(mine.stage)?.dataset ?? {};
    if (!address) return;
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const response = await fetch(address, { method: "POST", headers: { "X-CSRFToken": token } });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.detail ?? text("noSignature", { status: response.status }));
    if (playing !== mine) return;
    mine.query = answer.query;
    if (!answer.expires_at) return;
    const wait = Math.max(new Date(answer.expires_at) - Date.now() - RENEW_MS, 1_000);
    mine.timer = setTimeout(() => renew(mine), Math.min(wait, LONGEST_MS));
  }

  async function renew(mine) {
    if (playing !== mine) return;
    try {
      await sign(mine);
    } catch (error) {
      if (playing === mine) stop(error.message, true);
    }
  }

  function stop(words = "", isProblem = false) {
    if (!playing) return;
    const { stage, video, hls, timer } = playing;
    playing = null;
    clearTimeout(timer);
    hls?.destroy();
    video.pause();
    video.removeAttribute("src");
    video.remove();
    stage.removeAttribute("data-sh-playing");
    stage.querySelector("[data-sh-play]").hidden = false;
    stage.querySelector("[data-sh-stop]").hidden = true;
    say(stage, words, isProblem);
  }

  function newVideo(stage) {
    const video = document.createElement("video");
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.controls = true;
    video.setAttribute("aria-label", text("preview"));
    video.addEventListener("playing", () => say(stage, text("playing")));
    video.addEventListener("waiting", () => say(stage, text("waiting")));
    stage.prepend(video);
    return video;
  }

  async function start(stage) {
    stop();
    const { shPreviewUrl: url, shPreviewPlayer: player } = holderOf(stage).dataset;
    const mine = { stage, url, video: newVideo(stage), hls: null, query: "", timer: 0 };
    playing = mine;
    stage.setAttribute("data-sh-playing", "");
    stage.querySelector("[data-sh-play]").hidden = true;
    stage.querySelector("[data-sh-stop]").hidden = false;
    say(stage, text("loading"));
    let Hls;
    try {
      [Hls] = await Promise.all([load(player), sign(mine)]);
    } catch (error) {
      if (playing === mine) stop(error.message, true);
      return;
    }
    if (playing !== mine) return; // stopped meanwhile
    if (Hls.isSupported()) {
      const xhrSetup = (xhr, address) => { xhr.open("GET", signed(address, mine.query), true); };
      mine.hls = new Hls({ ...SETTINGS, xhrSetup });
      mine.hls.on(Hls.Events.ERROR, (_name, data) => failed(mine, data));
      mine.hls.loadSource(url);
      mine.hls.attachMedia(mine.video);
    } else if (mine.video.canPlayType("application/vnd.apple.mpegurl")) {
      mine.video.addEventListener("error", () => failed(mine, { fatal: true, details: text("noAnswerOfStream") }));
      mine.video.src = signed(url, mine.query);
    } else {
      stop(text("noHls"), true);
    }
  }

  function failed(mine, { fatal, response, details }) {
    if (playing !== mine || !fatal) return;
    const status = response?.code;
    const other = status === undefined ? text("notPlaying", { details }) : text("streamAnswers", { status });
    // The page knows what an answer means. 0: without CORS headers a script is not told what the answer was.
    stop(holderOf(mine.stage)?.dataset[`shPreviewWhy${status}`] ?? other, true);
  }

  // --- events ------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const stage = event.target.closest?.("[data-sh-preview]");
    if (!stage) return;
    if (event.target.closest("[data-sh-play]")) start(stage);
    if (event.target.closest("[data-sh-stop]")) stop(text("stopped"));
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop(text("stoppedHidden"));
  });
  window.addEventListener("pagehide", () => stop());

  // A refresh keeps the stage (hx-preserve). Stop if it is gone, or if its URL is another one now.
  document.addEventListener("htmx:afterSettle", () => {
    if (!playing) return;
    const holder = playing.stage.isConnected ? holderOf(playing.stage) : null;
    if (!holder) stop();
    else if (holder.dataset.shPreviewUrl !== playing.url) stop(text("otherUrl"), true);
    else if (playing.video.paused && !playing.video.ended) playing.video.play().catch(() => {}); // moved by the swap
  });

  // Without scripts there is no player, so its buttons appear only now.
  document.addEventListener("DOMContentLoaded", () => { for (const stage of stages()) stage.hidden = false; });
  document.addEventListener("htmx:afterSwap", () => { for (const stage of stages()) stage.hidden = false; });
})();
