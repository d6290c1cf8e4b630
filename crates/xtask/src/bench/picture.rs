//! `cargo xtask bench draw`: the figures of [`results::FILE`] as a picture, once for light pages and once for dark ones.
//!
//! Both axes are logarithmic. All is computed in whole numbers, so that equal figures make equal files on every machine.

use std::fmt::Write as _;

use super::results::{self, Results, Row};
use crate::files;
use crate::project::{Project, Result};

const WIDTH: u64 = 880;
const HEIGHT: u64 = 500;
/// Where the field of the lines begins and ends.
const LEFT: u64 = 64;
const RIGHT: u64 = 560;
const TOP: u64 = 84;
const BOTTOM: u64 = 424;
/// How far apart labels stand at least.
const LABEL_STEP: u64 = 20;
/// The engines that are no peers.
const OURS: [&str; 2] = ["gatelaw", "by hand"];

/// The colours of one picture.
struct Scheme {
    file: &'static str,
    text: &'static str,
    muted: &'static str,
    grid: &'static str,
    /// By engine.
    lines: [(&'static str, &'static str); 7],
}

const SCHEMES: [Scheme; 2] = [
    Scheme {
        file: "docs/pictures/cost-light.svg",
        text: "#1f2328",
        muted: "#59636e",
        grid: "#d8dee4",
        lines: [
            ("gatelaw", "#0969da"),
            ("by hand", "#59636e"),
            ("atc-router", "#bc4c00"),
            ("cel", "#7d6200"),
            ("regorus", "#1a7f37"),
            ("cedar", "#8250df"),
            ("casbin", "#cf222e"),
        ],
    },
    Scheme {
        file: "docs/pictures/cost-dark.svg",
        text: "#f0f6fc",
        muted: "#9198a1",
        grid: "#30363d",
        lines: [
            ("gatelaw", "#58a6ff"),
            ("by hand", "#9198a1"),
            ("atc-router", "#ffa657"),
            ("cel", "#e3b341"),
            ("regorus", "#56d364"),
            ("cedar", "#d2a8ff"),
            ("casbin", "#ff7b72"),
        ],
    },
];

/// Draws the figures that are kept.
pub(crate) fn draw(project: &Project) -> Result<()> {
    let results = Results::parse(&files::read(&project.at(results::FILE))?)?;
    for scheme in &SCHEMES {
        files::write(&project.at(scheme.file), &picture(&results, scheme)?)?;
        println!("drawn: {}", scheme.file);
    }
    Ok(())
}

/// One way to use one engine, by number of rules.
struct Line<'r> {
    engine: &'r str,
    way: &'r str,
    points: Vec<(u64, u64)>,
    /// With most rules.
    last_ns: u64,
}

fn picture(results: &Results, scheme: &Scheme) -> Result<String> {
    let lines = lines(results);
    let all = || lines.iter().flat_map(|line| line.points.iter().map(|(_, ns)| *ns));
    let (Some(least), Some(most)) = (all().min(), all().max()) else {
        return Err(format!("{} has no figures", results::FILE));
    };
    let axes = Axes { sizes: results.sizes(), least: decade_below(least), most };
    let mut svg = Svg { text: String::new(), scheme };
    svg.open();
    svg.heading(results);
    svg.grid(&axes);
    lines.iter().for_each(|line| svg.line(line, &axes));
    svg.labels(&lines, &axes);
    svg.notes(results);
    svg.text += "</svg>\n";
    Ok(svg.text)
}

/// Gathers the figures, the slowest first: the fastest is drawn above.
fn lines(results: &Results) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for Row { engine, way, rules, ns } in &results.rows {
        let Some(ns) = *ns else { continue };
        match lines.iter_mut().find(|line| line.engine == engine && line.way == way) {
            Some(line) => line.points.push((*rules, ns)),
            None => lines.push(Line { engine, way, points: vec![(*rules, ns)], last_ns: 0 }),
        }
    }
    for line in &mut lines {
        line.points.sort_unstable();
        line.last_ns = line.points.last().map_or(0, |(_, ns)| *ns);
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.last_ns));
    lines
}

/// Where numbers stand.
struct Axes {
    sizes: Vec<u64>,
    least: u64,
    most: u64,
}

impl Axes {
    fn x(&self, rules: u64) -> u64 {
        let [first, last] =
            [self.sizes.first(), self.sizes.last()].map(|size| log2(size.copied().unwrap_or(1)));
        LEFT + 16 + (log2(rules) - first) * (RIGHT - LEFT - 32) / (last - first).max(1)
    }

    fn y(&self, ns: u64) -> u64 {
        let [ns, least, most] = [ns, self.least, self.most].map(log2);
        BOTTOM - (ns - least) * (BOTTOM - TOP) / (most - least).max(1)
    }
}

/// Computes the logarithm to the base of 2, in thousandths: each squaring yields one more bit of it.
fn log2(number: u64) -> u64 {
    let whole = number.max(1).ilog2();
    let mut rest = (u128::from(number.max(1)) << 32) >> whole;
    let mut bits = 0;
    for _ in 0..16 {
        rest = (rest * rest) >> 32;
        let is_set = rest >> 33 != 0;
        bits = bits * 2 + u64::from(is_set);
        rest >>= u32::from(is_set);
    }
    u64::from(whole) * 1_000 + bits * 1_000 / (1 << 16)
}

fn decade_below(number: u64) -> u64 {
    10_u64.pow(number.max(1).ilog10())
}

/// Writes nanoseconds with two digits and a unit that fits.
fn time(ns: u64) -> String {
    let (unit, each) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => ("µs", 1_000),
        _ => ("ms", 1_000_000),
    };
    match ns / each {
        0..10 => format!("{}.{} {unit}", ns / each, ns % each * 10 / each),
        whole => format!("{whole} {unit}"),
    }
}

/// Writes a number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

struct Svg<'s> {
    text: String,
    scheme: &'s Scheme,
}

impl Svg<'_> {
    fn push(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a `String` can't fail.
        _ = writeln!(self.text, "{line}");
    }

    fn open(&mut self) {
        self.push(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" role=\"img\" font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', \
             sans-serif\" font-size=\"13\">"
        ));
        self.push(format_args!(
            "<title>What one decision costs, by the number of rules in the policy</title>"
        ));
    }

    fn heading(&mut self, results: &Results) {
        let Scheme { text, muted, .. } = self.scheme;
        self.push(format_args!(
            "<text x=\"{LEFT}\" y=\"28\" font-size=\"18\" font-weight=\"600\" fill=\"{text}\">What one decision \
             costs, by the number of rules</text>"
        ));
        self.push(format_args!("<text x=\"{LEFT}\" y=\"52\" fill=\"{muted}\">{}</text>", summary(results)));
    }

    fn grid(&mut self, axes: &Axes) {
        let Scheme { muted, grid, .. } = self.scheme;
        let mut ns = axes.least;
        while ns <= axes.most {
            let (y, end) = (axes.y(ns), LEFT - 8);
            self.push(format_args!(
                "<line x1=\"{LEFT}\" y1=\"{y}\" x2=\"{RIGHT}\" y2=\"{y}\" stroke=\"{grid}\"/>"
            ));
            let label = time(ns).replace(".0 ", " ");
            self.push(format_args!(
                "<text x=\"{end}\" y=\"{}\" text-anchor=\"end\" fill=\"{muted}\">{label}</text>",
                y + 4
            ));
            ns = ns.saturating_mul(10);
        }
        for size in &axes.sizes {
            let (x, label) = (axes.x(*size), grouped(*size));
            let y = BOTTOM + 22;
            self.push(format_args!(
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" fill=\"{muted}\">{label}</text>"
            ));
        }
    }

    fn line(&mut self, line: &Line<'_>, axes: &Axes) {
        let points: Vec<String> =
            line.points.iter().map(|(rules, ns)| format!("{},{}", axes.x(*rules), axes.y(*ns))).collect();
        let colour = self.colour(line.engine);
        let stroke = match line.engine {
            "gatelaw" => "stroke-width=\"4\"",
            "by hand" => "stroke-width=\"2\" stroke-dasharray=\"2 5\" stroke-linecap=\"round\"",
            _ => "stroke-width=\"2\"",
        };
        self.push(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" {stroke} stroke-linejoin=\"round\"/>",
            points.join(" ")
        ));
        if line.engine == "gatelaw" {
            for (rules, ns) in &line.points {
                self.push(format_args!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{colour}\"/>",
                    axes.x(*rules),
                    axes.y(*ns)
                ));
            }
        }
    }

    /// Writes what each line is at its end, the slowest above, moved apart where they would overlap.
    fn labels(&mut self, lines: &[Line<'_>], axes: &Axes) {
        let mut least = TOP;
        let wanted: Vec<u64> = lines.iter().map(|line| axes.y(line.last_ns)).collect();
        let mut places: Vec<u64> = Vec::new();
        for y in &wanted {
            places.push(least.max(*y));
            least = least.max(*y) + LABEL_STEP;
        }
        // From below, what was pushed beyond the field moves up again.
        let mut most = BOTTOM + 8;
        for place in places.iter_mut().rev() {
            *place = most.min(*place);
            most = place.saturating_sub(LABEL_STEP);
        }
        for ((line, wanted), place) in lines.iter().zip(wanted).zip(places) {
            self.label(line, axes.x(axes.sizes.last().copied().unwrap_or(1)), wanted, place);
        }
    }

    fn label(&mut self, line: &Line<'_>, end: u64, wanted: u64, place: u64) {
        let Scheme { text, muted, .. } = self.scheme;
        let colour = self.colour(line.engine);
        let (from, to, x, y) = (end + 8, RIGHT + 14, RIGHT + 20, place + 4);
        self.push(format_args!(
            "<path d=\"M{from} {wanted} L{to} {place}\" stroke=\"{colour}\" stroke-width=\"1\" fill=\"none\" opacity=\"0.6\"/>"
        ));
        let weight = if line.engine == "gatelaw" { "700" } else { "600" };
        self.push(format_args!(
            "<text x=\"{x}\" y=\"{y}\" fill=\"{muted}\"><tspan fill=\"{text}\" font-weight=\"{weight}\">{}</tspan> \
             <tspan fill=\"{colour}\" font-weight=\"{weight}\">{}</tspan> <tspan font-size=\"12\">{}</tspan></text>",
            line.engine,
            time(line.last_ns),
            line.way
        ));
    }

    fn notes(&mut self, results: &Results) {
        let muted = self.scheme.muted;
        let work = "10,000 mixed requests, identity prepared before, the least of 100 rounds in turn; every engine \
                    shown decided as expected, each time.";
        let machine = results.notes.first().map_or("", String::as_str);
        for (y, text) in [(HEIGHT - 30, work), (HEIGHT - 12, machine)] {
            self.push(format_args!(
                "<text x=\"{LEFT}\" y=\"{y}\" font-size=\"11\" fill=\"{muted}\">{text}</text>"
            ));
        }
    }

    fn colour(&self, engine: &str) -> &'static str {
        let known = self.scheme.lines.iter().find(|(name, _)| *name == engine);
        known.map_or(self.scheme.muted, |(_, colour)| *colour)
    }
}

/// Says what the figures come to, with most rules.
fn summary(results: &Results) -> String {
    let most = results.sizes().last().copied().unwrap_or(0);
    let peers = results.rows.iter().filter(|row| row.rules == most && !OURS.contains(&row.engine.as_str()));
    let fastest = peers.filter_map(|row| Some((row.ns?, row))).min_by_key(|(ns, _)| *ns);
    let ours = results.best_ns("gatelaw", most);
    let (Some(ours), Some((ns, row))) = (ours, fastest) else { return String::new() };
    let tenths = ns.saturating_mul(10) / ours.max(1);
    format!(
        "With {} rules: gatelaw {}, the fastest peer {} ({}, {}), {}.{} times that.",
        grouped(most),
        time(ours),
        time(ns),
        row.engine,
        row.way,
        tenths / 10,
        tenths % 10
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(path: &str) -> String {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        std::fs::read_to_string(format!("{root}{path}")).unwrap()
    }

    #[test]
    fn the_pictures_are_drawn_from_the_figures_that_are_kept() {
        let results = Results::parse(&repository(results::FILE)).unwrap();
        for scheme in &SCHEMES {
            let drawn = picture(&results, scheme).unwrap();
            assert!(
                drawn == repository(scheme.file),
                "{}: `cargo xtask bench draw` draws it anew",
                scheme.file
            );
        }
    }

    #[test]
    fn logarithms_are_right_to_a_thousandth() {
        for (number, thousandths) in
            [(1, 0), (2, 1_000), (3, 1_584), (10, 3_321), (1_000, 9_965), (1 << 40, 40_000)]
        {
            assert_eq!(log2(number), thousandths, "of {number}");
        }
    }

    #[test]
    fn times_have_two_digits_at_least() {
        for (ns, text) in [(812, "812 ns"), (5_249, "5.2 µs"), (15_500, "15 µs"), (3_200_000, "3.2 ms")] {
            assert_eq!(time(ns), text);
        }
        assert_eq!([grouped(10), grouped(10_000), grouped(1_234_567)], ["10", "10,000", "1,234,567"]);
    }
}
