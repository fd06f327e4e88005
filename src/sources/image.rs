//! Container images that lie in a file or folder: the OCI image layout and what `docker save` writes.
//!
//! Formats: <https://github.com/opencontainers/image-spec>. A tar file is indexed once; after that, layers are
//! streamed out of it one after the other, and only what a caller asks for is kept. Everything is hostile: sizes,
//! entries and ratios are limited, and blobs are compared with their digests.

mod layer;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

pub use layer::{Kind, Node};

/// Most bytes of a manifest or configuration.
const MOST_JSON: u64 = 8 << 20;
/// Most members of the outer tar file.
const MOST_MEMBERS: usize = 100_000;
/// Most layers of an image: the usual storage drivers allow 127.
const MOST_LAYERS: usize = 1_000;
/// Indices within indices that are followed.
const DEPTH: usize = 4;

/// An image that was opened: its configuration is known, its layers are read when asked for.
pub struct Image {
    blobs: Blobs,
    /// The configuration, JSON by the image specification.
    pub config: Vec<u8>,
    layers: Vec<Descriptor>,
    /// What is to be said of how the image was chosen.
    pub notice: Option<String>,
}

/// Where blobs lie.
enum Blobs {
    Folder(PathBuf),
    Tar { path: PathBuf, members: BTreeMap<String, (u64, u64)> },
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Descriptor {
    media_type: String,
    digest: String,
    platform: Option<Platform>,
    annotations: BTreeMap<String, String>,
    /// The member of a `docker save` archive, which has no digest.
    #[serde(skip)]
    member: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Platform {
    os: String,
    architecture: String,
    variant: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

impl Image {
    /// Opens the image of a file or folder; of several, that of `platform` (`linux/arm64`), else the first.
    /// The error is one line that says what could not be read.
    pub fn open(path: &Path, platform: Option<&str>) -> Result<Self, String> {
        let blobs = Blobs::open(path)?;
        if blobs.has("index.json") {
            return Self::layout(blobs, platform);
        }
        if blobs.has("manifest.json") {
            return Self::saved(blobs, platform);
        }
        Err("could not be read: neither index.json nor manifest.json is in it".to_owned())
    }

    /// Number of layers.
    pub fn layer_count(&self) -> usize {
        self.layers.len()
    }

    /// Streams one layer: `take` gets each node in order, and a reader of its bytes. The error is one line.
    pub fn layer(
        &self,
        index: usize,
        is_over: &dyn Fn() -> bool,
        take: &mut dyn FnMut(Node, u64, &mut dyn Read),
    ) -> Result<(), String> {
        let descriptor = &self.layers[index];
        if descriptor.media_type.contains("encrypted") {
            return Err("could not be read: it is encrypted".to_owned());
        }
        // Bytes that are not those of the image are not looked at.
        if let Some(digest) = digest(descriptor)? {
            let (file, _) = self.blobs.descriptor(descriptor)?;
            verify(file, digest, is_over)?;
        }
        let (file, size) = self.blobs.descriptor(descriptor)?;
        layer::read(file, size, is_over, take)
    }

    fn layout(blobs: Blobs, platform: Option<&str>) -> Result<Self, String> {
        let mut index: Manifest = json(&blobs.small("index.json")?)?;
        let mut notice = None;
        for _ in 0..DEPTH {
            let (chosen, said) = choose(&index.manifests, platform)?;
            notice = said.or(notice);
            let text = blobs.verified(&chosen)?;
            index = json(&text)?;
            if index.manifests.is_empty() {
                let config = blobs.verified(&index.config)?;
                check_platform(&config, platform)?;
                return Self::new(blobs, config, index.layers, notice);
            }
        }
        Err("could not be read: indices too deep within others".to_owned())
    }

    fn saved(blobs: Blobs, platform: Option<&str>) -> Result<Self, String> {
        let images: Vec<Saved> = json(&blobs.small("manifest.json")?)?;
        let count = images.len();
        let first = images.into_iter().next().ok_or("could not be read: it holds no image")?;
        let config = blobs.small(&first.config)?;
        check_platform(&config, platform)?;
        let layers = first.layers.into_iter();
        let layers =
            layers.map(|member| Descriptor { member: Some(member), ..Descriptor::default() });
        let notice = (count > 1).then(|| format!("the first of {count} images was taken"));
        Self::new(blobs, config, layers.collect(), notice)
    }

    fn new(
        blobs: Blobs,
        config: Vec<u8>,
        layers: Vec<Descriptor>,
        notice: Option<String>,
    ) -> Result<Self, String> {
        if layers.len() > MOST_LAYERS {
            return Err(format!("could not be read: more than {MOST_LAYERS} layers"));
        }
        Ok(Self { blobs, config, layers, notice })
    }
}

/// Whether the configuration is of the platform that was asked for.
fn check_platform(config: &[u8], wanted: Option<&str>) -> Result<(), String> {
    let Some(wanted) = wanted else { return Ok(()) };
    let platform: Platform = json(config)?;
    if is_platform(&platform, wanted) {
        Ok(())
    } else {
        Err(format!("could not be read: there is no image of the platform {wanted}"))
    }
}

fn is_platform(platform: &Platform, wanted: &str) -> bool {
    let short = format!("{}/{}", platform.os, platform.architecture);
    short == wanted || format!("{short}/{}", platform.variant) == wanted
}

/// The manifest that is asked for, and a word on it where others were left. Attestations are no images.
fn choose(
    all: &[Descriptor],
    wanted: Option<&str>,
) -> Result<(Descriptor, Option<String>), String> {
    let is_image = |it: &&Descriptor| {
        it.annotations.get("vnd.docker.reference.type").is_none_or(String::is_empty)
    };
    let images: Vec<&Descriptor> = all.iter().filter(is_image).collect();
    let is_wanted = |it: &&&Descriptor| match (wanted, &it.platform) {
        (Some(wanted), Some(platform)) => is_platform(platform, wanted),
        _ => true,
    };
    let missing = "could not be read: it holds no image of that platform";
    let chosen = images.iter().find(is_wanted).ok_or(missing)?;
    let name = chosen.platform.as_ref().map_or_else(
        || "without a platform".to_owned(),
        |platform| format!("{}/{}", platform.os, platform.architecture),
    );
    let notice = (images.len() > 1 && wanted.is_none())
        .then(|| format!("of {} images the first was taken: {name}", images.len()));
    Ok(((*chosen).clone(), notice))
}

fn json<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        format!("could not be read: line {}: not the JSON of an image", error.line())
    })
}

/// The digest of a blob, in lower-case hexadecimal; `None` for a member of a `docker save` archive.
fn digest(descriptor: &Descriptor) -> Result<Option<&str>, String> {
    if descriptor.member.is_some() {
        return Ok(None);
    }
    let digest = descriptor.digest.strip_prefix("sha256:");
    let is_hexadecimal = |text: &&str| {
        text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    digest.filter(is_hexadecimal).map(Some).ok_or_else(|| {
        "could not be read: its digest is not one of SHA-256, which others are not supported"
            .to_owned()
    })
}

/// Compares a blob with its digest.
fn verify(
    mut blob: Box<dyn Read + '_>,
    digest: &str,
    is_over: &dyn Fn() -> bool,
) -> Result<(), String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        if is_over() {
            return Err("could not be read: time is up".to_owned());
        }
        match blob.read(&mut buffer).map_err(|error| format!("could not be read: {error}"))? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    let found = hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    if found == digest {
        Ok(())
    } else {
        Err("could not be read: it does not match its digest".to_owned())
    }
}

impl Blobs {
    fn open(path: &Path) -> Result<Self, String> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let file = File::open(path).map_err(|error| format!("could not be read: {error}"))?;
        let mut archive = tar::Archive::new(file);
        let damaged = |_| "could not be read: not a whole tar file".to_owned();
        let mut members = BTreeMap::new();
        for entry in archive.entries_with_seek().map_err(damaged)?.raw(true) {
            let entry = entry.map_err(damaged)?;
            if members.len() >= MOST_MEMBERS {
                return Err(format!("could not be read: more than {MOST_MEMBERS} members"));
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let name = name.trim_start_matches("./").to_owned();
            members.insert(name, (entry.raw_file_position(), entry.size()));
        }
        Ok(Self::Tar { path: path.to_owned(), members })
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(name).is_file(),
            Self::Tar { members, .. } => members.contains_key(name),
        }
    }

    /// A reader of a member, and its size. No name leads out of a folder.
    fn member(&self, name: &str) -> Result<(Box<dyn Read>, u64), String> {
        let missing = |_| "could not be read: it is missing".to_owned();
        match self {
            Self::Folder(folder) => {
                if name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..") {
                    return Err("could not be read: its name leads elsewhere".to_owned());
                }
                let path = folder.join(name);
                let about = path.symlink_metadata().map_err(missing)?;
                if !about.is_file() {
                    return Err("could not be read: it is missing".to_owned());
                }
                Ok((Box::new(File::open(path).map_err(missing)?), about.len()))
            }
            Self::Tar { path, members } => {
                let known = members.get(name);
                let (at, size) = *known.ok_or("could not be read: it is missing")?;
                let mut file = File::open(path).map_err(missing)?;
                file.seek(SeekFrom::Start(at)).map_err(missing)?;
                Ok((Box::new(file.take(size)), size))
            }
        }
    }

    fn descriptor(&self, descriptor: &Descriptor) -> Result<(Box<dyn Read>, u64), String> {
        match (digest(descriptor)?, &descriptor.member) {
            (Some(digest), _) => self.member(&format!("blobs/sha256/{digest}")),
            (None, member) => self.member(member.as_deref().unwrap_or_default()),
        }
    }

    fn small(&self, name: &str) -> Result<Vec<u8>, String> {
        let (reader, size) = self.member(name).map_err(|error| format!("{error}: `{name}`"))?;
        whole(reader, size)
    }

    fn verified(&self, descriptor: &Descriptor) -> Result<Vec<u8>, String> {
        let (reader, size) = self.descriptor(descriptor)?;
        let bytes = whole(reader, size)?;
        if let Some(digest) = digest(descriptor)? {
            verify(Box::new(bytes.as_slice()), digest, &|| false)?;
        }
        Ok(bytes)
    }
}

fn whole(reader: Box<dyn Read>, size: u64) -> Result<Vec<u8>, String> {
    if size > MOST_JSON {
        return Err(format!("could not be read: over {MOST_JSON} bytes"));
    }
    let mut bytes = Vec::new();
    let read = reader.take(MOST_JSON).read_to_end(&mut bytes);
    read.map_err(|error| format!("could not be read: {error}"))?;
    Ok(bytes)
}
