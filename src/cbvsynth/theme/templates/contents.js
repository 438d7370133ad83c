// Shown inside another page (an iframe with srcdoc, as in Kubeflow's UI), a link to a part of this page would
// load that other page into the frame.
if (location.protocol === "about:") {
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const part = link && document.getElementById(link.getAttribute("href").slice(1));
    if (part) {
      event.preventDefault();
      part.scrollIntoView();
    }
  });
}
