//! A place in object storage: objects by their paths, one at a time or many on their way.

use crate::answer::{bounded, told};
use crate::error::ObjectsError;
use futures_util::StreamExt as _;
use object_store::path::Path;
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion,
};
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Objects on their way at a time.
const IN_FLIGHT_MAX: usize = 64;
/// Bytes of an object that is read.
const OBJECT_BYTES_MAX: u64 = 256 << 20;
/// Variables that are handed to the client begin so.
const VARIABLES: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];

/// A place in object storage; paths are relative to it.
#[derive(Debug)]
pub struct Objects {
    url: String,
    store: Arc<dyn ObjectStore>,
    root: Path,
    runtime: Runtime,
    in_flight: Mutex<JoinSet<io::Result<()>>>,
}

impl Objects {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// The URL is of no storage, or its settings are of no use.
    pub fn open(url: &str) -> Result<Self, ObjectsError> {
        let invalid = |why: &dyn std::fmt::Display| ObjectsError::Url {
            url: url.to_owned(),
            why: why.to_string(),
        };
        let parsed = url::Url::parse(url).map_err(|error| invalid(&error))?;
        if parsed.password().is_some() || parsed.query().is_some() {
            return Err(invalid(&"it has a password or a query in it"));
        }
        let is_meant = |name: &str| VARIABLES.iter().any(|prefix| name.starts_with(prefix));
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| is_meant(name));
        let (store, root) =
            object_store::parse_url_opts(&parsed, variables).map_err(|error| invalid(&error))?;
        Self::with(url, store.into(), root)
    }

    /// Over a storage that is there already.
    #[cfg(test)]
    pub(crate) fn over(store: Arc<dyn ObjectStore>) -> Result<Self, ObjectsError> {
        Self::with("memory", store, Path::default())
    }

    fn with(url: &str, store: Arc<dyn ObjectStore>, root: Path) -> Result<Self, ObjectsError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("objects")
            .enable_all()
            .build()
            .map_err(ObjectsError::Runtime)?;
        let in_flight = Mutex::default();
        Ok(Self { url: url.to_owned(), store, root, runtime, in_flight })
    }

    /// As it was configured, for logs.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn path(&self, relative: &str) -> Path {
        relative.split('/').filter(|part| !part.is_empty()).fold(self.root.clone(), Path::join)
    }

    fn wait<T>(
        &self,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, object_store::Error> {
        self.runtime.block_on(bounded(answer))
    }

    /// An object's bytes; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read now, or is larger than anything that is written here.
    pub fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.flush()?;
        Ok(self.get_versioned(path)?.map(|(bytes, _)| bytes))
    }

    /// The same with its version.
    pub(crate) fn get_versioned(&self, path: &str) -> io::Result<Option<(Vec<u8>, UpdateVersion)>> {
        let path = self.path(path);
        let read = async {
            let found = self.store.get(&path).await?;
            if found.meta.size > OBJECT_BYTES_MAX {
                let source = format!("it has {} bytes", found.meta.size).into();
                return Err(object_store::Error::Generic { store: "objects", source });
            }
            let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
            Ok((found.bytes().await?.into(), UpdateVersion { e_tag, version }))
        };
        match self.wait(read) {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(told(error)),
        }
    }

    /// Replaces an object if it is still of this version; `None` when it is not.
    pub(crate) fn update(
        &self,
        path: &str,
        bytes: &[u8],
        version: UpdateVersion,
    ) -> io::Result<Option<UpdateVersion>> {
        self.conditionally(path, bytes, PutMode::Update(version))
    }

    /// Makes an object; `None` when it is there.
    pub(crate) fn create_versioned(
        &self,
        path: &str,
        bytes: &[u8],
    ) -> io::Result<Option<UpdateVersion>> {
        self.conditionally(path, bytes, PutMode::Create)
    }

    fn conditionally(
        &self,
        path: &str,
        bytes: &[u8],
        mode: PutMode,
    ) -> io::Result<Option<UpdateVersion>> {
        let options = PutOptions { mode, ..PutOptions::default() };
        let payload = PutPayload::from(bytes.to_vec());
        match self.wait(self.store.put_opts(&self.path(path), payload, options)) {
            Ok(PutResult { e_tag, version, .. }) => Ok(Some(UpdateVersion { e_tag, version })),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. }
                | object_store::Error::NotFound { .. },
            ) => Ok(None),
            Err(error) => Err(told(error)),
        }
    }

    /// Makes or replaces an object.
    ///
    /// # Errors
    /// It is not known to be there.
    pub fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let payload = PutPayload::from(bytes.to_vec());
        self.wait(self.store.put(&self.path(path), payload)).map(drop).map_err(told)
    }

    /// The same without waiting, unless [`IN_FLIGHT_MAX`] are on their way.
    ///
    /// # Errors
    /// One that was put before is not known to be there.
    pub fn put_later(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let (store, path) = (Arc::clone(&self.store), self.path(path));
        let payload = PutPayload::from(bytes.to_vec());
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        while in_flight.len() >= IN_FLIGHT_MAX {
            self.runtime.block_on(next(&mut in_flight)).unwrap_or(Ok(()))?;
        }
        let put = async move { bounded(store.put(&path, payload)).await.map(drop).map_err(told) };
        in_flight.spawn_on(put, self.runtime.handle());
        Ok(())
    }

    /// Returns when everything put before is there.
    ///
    /// # Errors
    /// Something of it is not known to be.
    pub fn flush(&self) -> io::Result<()> {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Ok(());
        while let Some(one) = self.runtime.block_on(next(&mut in_flight)) {
            all = all.and(one);
        }
        all
    }

    /// Makes an object that is not there; `false` when another one is.
    ///
    /// # Errors
    /// It is not known to be there, or the storage knows no such thing.
    pub fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        self.flush()?;
        if self.create_versioned(path, bytes)?.is_some() {
            return Ok(true);
        }
        // the client asks again when an answer was lost, and may find what it has made itself
        Ok(self.get(path)?.is_some_and(|known| known == bytes))
    }

    /// The paths that begin with this one and a slash, in no order.
    ///
    /// # Errors
    /// They cannot be listed now.
    pub fn list(&self, below: &str) -> io::Result<Vec<String>> {
        self.flush()?;
        let prefix = self.path(below);
        let listed = async {
            let mut found = Vec::new();
            let mut listing = self.store.list(Some(&prefix));
            while let Some(one) = listing.next().await {
                found.extend(self.relative(&one?.location));
            }
            Ok(found)
        };
        self.wait(listed).map_err(told)
    }

    fn relative(&self, path: &Path) -> Option<String> {
        let parts = path.prefix_match(&self.root)?;
        let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        Some(parts.join("/"))
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// It is not known to be gone.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        match self.wait(self.store.delete(&self.path(path))) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(told(error)),
        }
    }
}

/// The next that has ended; `None` when none is on its way.
async fn next(in_flight: &mut JoinSet<io::Result<()>>) -> Option<io::Result<()>> {
    let ended = in_flight.join_next().await?;
    Some(ended.unwrap_or_else(|error| Err(io::Error::other(error))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(dir: &std::path::Path) -> Objects {
        Objects::open(&format!("file://{}/bucket/ledger", dir.display())).unwrap()
    }

    #[test]
    fn objects_come_and_go_whole() {
        let dir = tempfile::tempdir().unwrap();
        let objects = opened(dir.path());
        assert_eq!(objects.get("tile/0/000").unwrap(), None);
        for n in 0..3 * IN_FLIGHT_MAX {
            objects.put_later(&format!("tile/0/{n:03}"), &[7; 9]).unwrap();
        }
        assert_eq!(objects.get("tile/0/191").unwrap().unwrap(), [7; 9], "what was put is seen");
        assert_eq!(objects.list("tile").unwrap().len(), 3 * IN_FLIGHT_MAX);
        assert!(objects.list("til").unwrap().is_empty(), "a part of a name is no place");
        assert!(objects.create("checkpoints/000", b"first").unwrap());
        assert!(!objects.create("checkpoints/000", b"second").unwrap());
        assert_eq!(objects.get("checkpoints/000").unwrap().unwrap(), b"first");
        objects.remove("tile/0/000").unwrap();
        objects.remove("tile/0/000").unwrap();
        assert_eq!(objects.get("tile/0/000").unwrap(), None);
        assert!(dir.path().join("bucket/ledger/tile/0/001").is_file(), "below its prefix");
    }

    #[test]
    fn what_could_not_be_put_is_told_by_the_next_call() {
        let dir = tempfile::tempdir().unwrap();
        let objects = opened(dir.path());
        objects.put("tile", b"a file where a directory has to be").unwrap();
        objects.put_later("tile/0/000", b"x").unwrap();
        assert!(objects.flush().is_err());
        assert!(objects.flush().is_ok(), "and once");
    }

    #[test]
    fn a_url_of_nothing_is_told_with_what_to_write() {
        for url in ["ledger", "ftp://host/x", "s3://bucket/x?secret=1", "s3://a:b@bucket/x"] {
            let said = Objects::open(url).unwrap_err().to_string();
            assert!(said.contains("s3://BUCKET/PREFIX"), "{url}: {said}");
        }
    }
}
