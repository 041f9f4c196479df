/* Runs only where modules are unknown: replaces "Loading" by a plain word. Written in the language of such browsers. */
(function () {
  var notice, words;
  document.addEventListener("DOMContentLoaded", function () {
    notice = document.querySelector("[data-hook=notice]");
    words = document.querySelector("[data-hook=old-browser]");
    if (notice && words) {
      notice.textContent = words.textContent;
    }
  });
})();
