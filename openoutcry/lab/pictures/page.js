(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const looks = read("looks");
  const specifications = read("specifications");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // The interpreter instead of compiled expressions: the page's policy forbids making code of text.
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    ast: true,
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
  };
  const draw = async (name) => {
    const figure = document.getElementById(`figure-${name}`);
    const config = dark.matches ? looks.dark : looks.light;
    try {
      await vegaEmbed(figure.querySelector(".live"), specifications[name], {
        ...options, config, downloadFileName: name,
      });
      figure.classList.add("drawn");
    } catch (error) {
      // The still picture is there, and stays.
      console.error(name, error);
    }
  };
  // A chart is drawn when it comes near: until then its still picture stands there, in the same size.
  const nameOf = (figure) => figure.id.slice("figure-".length);
  const near = new IntersectionObserver(
    (entries) =>
      entries
        .filter((entry) => entry.isIntersecting)
        .forEach(({ target }) => {
          near.unobserve(target);
          draw(nameOf(target));
        }),
    { rootMargin: "1000px" },
  );
  const figures = Object.keys(specifications).map((name) => document.getElementById(`figure-${name}`));
  figures.forEach((figure) => near.observe(figure));
  dark.addEventListener("change", () =>
    figures.filter((figure) => figure.classList.contains("drawn")).forEach((figure) => draw(nameOf(figure))),
  );
})();
