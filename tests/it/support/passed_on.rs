//! The methods of a store that only stands in front of another.

/// Passes methods of `Store` on to the field `store`, by their names; the others are the test's own.
macro_rules! pass_on {
    ($($method:ident),* $(,)?) => {
        $($crate::support::pass_on!(@ $method);)*
    };
    (@ location) => {
        fn location(&self) -> String {
            self.store.location()
        }
    };
    (@ create_file) => {
        fn create_file(&self, relative: &str) -> failback::error::Result<Box<dyn failback::store::FileWriter>> {
            self.store.create_file(relative)
        }
    };
    (@ put_if_absent) => {
        fn put_if_absent(&self, relative: &str, bytes: &[u8]) -> failback::error::Result<bool> {
            self.store.put_if_absent(relative, bytes)
        }
    };
    (@ read) => {
        fn read(&self, relative: &str) -> failback::error::Result<Vec<u8>> {
            self.store.read(relative)
        }
    };
    (@ open_checked) => {
        fn open_checked(
            &self,
            file: &failback::store::FileDigest,
        ) -> failback::error::Result<Box<dyn failback::store::FileReader>> {
            self.store.open_checked(file)
        }
    };
    (@ append_line) => {
        fn append_line(&self, relative: &str, line: &str) -> failback::error::Result<()> {
            self.store.append_line(relative, line)
        }
    };
    (@ exists) => {
        fn exists(&self, relative: &str) -> failback::error::Result<bool> {
            self.store.exists(relative)
        }
    };
    (@ remove_file) => {
        fn remove_file(&self, relative: &str) -> failback::error::Result<()> {
            self.store.remove_file(relative)
        }
    };
    (@ remove_folder) => {
        fn remove_folder(&self, relative: &str) -> failback::error::Result<()> {
            self.store.remove_folder(relative)
        }
    };
    (@ lock) => {
        fn lock(&self) -> failback::error::Result<failback::store::RunLock> {
            self.store.lock()
        }
    };
    (@ sweep) => {
        fn sweep(&self, held: &failback::store::RunLock) -> failback::error::Result<usize> {
            self.store.sweep(held)
        }
    };
}

pub(crate) use pass_on;
