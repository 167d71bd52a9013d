// Pictures enlarge on a click; arrow keys, buttons and a swipe go through those of the page.
const pictures = [...document.querySelectorAll("figure button")];
const dialog = document.querySelector("dialog");
let at = 0;

function show(number) {
  at = (number + pictures.length) % pictures.length;
  const source = pictures[at].querySelector("img");
  const image = dialog.querySelector("img");
  image.src = source.src;
  image.alt = source.alt;
  image.style.imageRendering = source.naturalWidth < 400 ? "pixelated" : "auto";
  dialog.querySelector("span").textContent = `${at + 1}/${pictures.length}  ${source.alt}`;
}

pictures.forEach((button, number) => button.addEventListener("click", () => { show(number); dialog.showModal(); }));
dialog.addEventListener("click", (event) => {
  const step = { previous: -1, next: 1 }[event.target.id];
  if (step) show(at + step);
  else if (!event.target.closest(".bar") || event.target.id === "close") dialog.close();
});
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) show(at + step);
});
let startX = null;
dialog.addEventListener("touchstart", (event) => { startX = event.touches[0].clientX; }, { passive: true });
dialog.addEventListener("touchend", (event) => {
  const moved = event.changedTouches[0].clientX - startX;
  if (Math.abs(moved) > 50) show(at + (moved < 0 ? 1 : -1));
});
